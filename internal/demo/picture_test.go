package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// expectPictures reports the pictures in the README that show other text than the demo prints. An empty line of a picture
// may stand for more of the output.
func expectPictures(t *testing.T, output string) {
	t.Helper()
	const top = "../.."
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\.github/demo-\w+\.svg`).FindAllString(string(readme), -1)
	if want := []string{".github/demo-dark.svg", ".github/demo-light.svg"}; !slices.Equal(names, want) {
		t.Fatalf("the README shows %q, want %q", names, want)
	}
	for _, name := range names {
		parts := strings.Split(pictureText(t, filepath.Join(top, name)), "\n\n")
		if len(parts) != 5 || parts[0] != "$ make demo" {
			t.Errorf("%s shows %q, want the command, the outputs, the warning, and the results with their title", name, parts)
		}
		for _, part := range parts[1:] {
			// Without colours, the CLI draws no line beside a warning.
			part = strings.TrimSuffix(regexp.MustCompile(`(?m)^(│ |[╷╵]\n?)`).ReplaceAllString(part, ""), "\n")
			if !strings.Contains(output, "\n"+part+"\n\n") {
				t.Errorf("%s shows what the demo does not print, run make picture:\n%s", name, part)
			}
		}
	}
}

// pictureText is the text of a picture that freeze draws.
func pictureText(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var picture struct {
		Lines []struct {
			Spans []string `xml:"tspan"`
		} `xml:"g>text"`
	}
	if err := xml.Unmarshal(content, &picture); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var lines []string
	for _, line := range picture.Lines {
		lines = append(lines, strings.Join(line.Spans, ""))
	}
	return strings.Join(lines, "\n")
}
