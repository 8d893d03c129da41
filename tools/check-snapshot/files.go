package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkSums checks that SHA256SUMS lists the archives and the manifest, nothing else, with the right checksums, and that no
// other archive exists.
func (s *snapshot) checkSums() error {
	// goreleaser uploads the manifest from where it is, under its name in the release.
	files := map[string]string{fmt.Sprintf("%s_%s_manifest.json", project, s.version): "terraform-registry-manifest.json"}
	for _, platform := range platforms {
		files[s.archive(platform)] = filepath.Join(s.dist, s.archive(platform))
	}
	var want []string
	for name, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		want = append(want, fmt.Sprintf("%x  %s", sha256.Sum256(content), name))
	}
	name := fmt.Sprintf("%s_%s_SHA256SUMS", project, s.version)
	content, err := os.ReadFile(filepath.Join(s.dist, name))
	if err != nil {
		return err
	}
	got := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return fmt.Errorf("%s should be\n  %s\nand is\n  %s", name, strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
	archives, err := filepath.Glob(filepath.Join(s.dist, "*.zip"))
	if err == nil && len(archives) != len(platforms) {
		err = fmt.Errorf("there are %d archives in %s, not %d", len(archives), s.dist, len(platforms))
	}
	return err
}

// checkArchive checks that the archive holds the executable for its platform, nothing else, and nothing that shows when or
// where it was built. It returns the executable.
func (s *snapshot) checkArchive(platform string) (executable []byte, err error) {
	archive, err := zip.OpenReader(filepath.Join(s.dist, s.archive(platform)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	if len(archive.File) != 1 || archive.File[0].Name != s.executable(platform) {
		return nil, fmt.Errorf("it does not hold %s alone, but %d files", s.executable(platform), len(archive.File))
	}
	file := archive.File[0]
	if file.Mode() != 0o755 || !file.Modified.Equal(s.committed) {
		return nil, fmt.Errorf("the executable has mode %s and time %s, not 0755 and the commit's time %s", file.Mode(), file.Modified.UTC(), s.committed.UTC())
	}
	if executable, err = fs.ReadFile(archive, file.Name); err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(executable))
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	goos, goarch, _ := strings.Cut(platform, "_")
	for key, want := range map[string]string{"GOOS": goos, "GOARCH": goarch, "CGO_ENABLED": "0", "-trimpath": "true", "vcs": ""} {
		if settings[key] != want {
			return nil, fmt.Errorf("it was built with %s=%q, not %q", key, settings[key], want)
		}
	}
	if !bytes.Contains(executable, []byte(s.version)) {
		return nil, errors.New("the version is not stamped into the executable: does main.version still exist?")
	}
	return executable, nil
}
