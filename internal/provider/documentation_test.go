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

// pages returns the paths of all pages of the project.
func pages(t *testing.T) (pages []string) {
	t.Helper()
	const root = "../.."
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
	return pages
}

// TestLinks checks every link between pages of the project, with their anchors. It ignores links to other sites.
func TestLinks(t *testing.T) {
	links, pages := 0, pages(t)
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

// requiredVersion matches the provider in a required_providers block, and the line after it.
var requiredVersion = regexp.MustCompile(`source += "circleci-community/circleci"\n(.*)`)

// TestPages asserts that the index links to every other page of the documentation, and that what a page shows can be
// pasted: each requirement of the provider has a version, and the example of a data source, resource, function or
// action has one.
func TestPages(t *testing.T) {
	const docs = "../../docs"
	index := read(t, docs+"/index.md")
	for _, page := range pages(t) {
		content := read(t, page)
		for _, match := range requiredVersion.FindAllStringSubmatch(content, -1) {
			if !strings.Contains(match[1], "version = ") {
				t.Errorf("%s requires the provider without a version", page)
			}
		}
		name, err := filepath.Rel(docs, page)
		if err != nil || strings.HasPrefix(name, "..") || name == "index.md" {
			continue
		}
		name = filepath.ToSlash(name)
		if !strings.Contains(index, "]("+name+")") {
			t.Errorf("the index does not link to %s", name)
		}
		switch kind, _, _ := strings.Cut(name, "/"); kind {
		case "guides", "list-resources": // A list block is in a file of its own.
		default:
			if example := codeBlock.FindString(content); !requiredVersion.MatchString(example) {
				t.Errorf("the example of %s does not require the provider", name)
			}
		}
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
