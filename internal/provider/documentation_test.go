package provider_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	anchorName   = regexp.MustCompile(`<a id="([^"]+)">`)
	codeBlock    = regexp.MustCompile("(?ms)^```.*?^```")
)

// TestLinks checks every link between pages of the project, with their anchors. It ignores links to other sites.
func TestLinks(t *testing.T) {
	const root = "../.."
	var pages []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains([]string{".git", "bin", "dist"}, entry.Name()) {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, page := range pages {
		content := codeBlock.ReplaceAllString(read(t, page), "")
		for _, match := range markdownLink.FindAllStringSubmatch(content, -1) {
			if target := match[1]; !strings.Contains(target, "://") && !strings.HasPrefix(target, "mailto:") {
				links++
				checkLink(t, page, target)
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links were found in %d pages", links, len(pages))
	}
}

func checkLink(t *testing.T, page, target string) {
	t.Helper()
	file, anchor, _ := strings.Cut(target, "#")
	path := page
	if file != "" {
		path = filepath.Join(filepath.Dir(page), file)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Errorf("%s links to %s, which does not exist", page, target)
	} else if anchor != "" && !info.IsDir() && !slices.Contains(anchors(read(t, path)), anchor) {
		t.Errorf("%s links to %s, which has no such heading", page, target)
	}
}

// anchors returns the anchors of the headings and of the named elements of a page.
func anchors(content string) []string {
	var names []string
	for _, match := range heading.FindAllStringSubmatch(content, -1) {
		name := strings.ToLower(strings.ReplaceAll(match[1], "`", ""))
		names = append(names, strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, ""), " ", "-"))
	}
	for _, match := range anchorName.FindAllStringSubmatch(content, -1) {
		names = append(names, match[1])
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
