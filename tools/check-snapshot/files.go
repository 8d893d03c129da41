package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkSums checks that SHA256SUMS lists the archives and the manifest, nothing else, and that the sums are right.
func (s *snapshot) checkSums() error {
	manifest := fmt.Sprintf("%s_%s_manifest.json", project, s.version)
	// goreleaser uploads the manifest from where it is, under its name in the release.
	files := map[string]string{manifest: "terraform-registry-manifest.json"}
	for _, p := range platforms {
		files[s.archive(p)] = filepath.Join(s.dist, s.archive(p))
	}

	name := fmt.Sprintf("%s_%s_SHA256SUMS", project, s.version)
	text, err := os.ReadFile(filepath.Join(s.dist, name))
	if err != nil {
		return err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, file, found := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if _, twice := sums[file]; !found || twice {
			return fmt.Errorf("%s has the line %q", name, line)
		}
		sums[file] = sum
	}
	want, got := slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(sums))
	if !slices.Equal(want, got) {
		return fmt.Errorf("%s should list\n  %s\nand lists\n  %s", name, strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
	for file, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != sums[file] {
			return fmt.Errorf("%s has another sum for %s than the file", name, file)
		}
	}
	archives, err := filepath.Glob(filepath.Join(s.dist, "*.zip"))
	if err != nil {
		return err
	}
	if len(archives) != len(platforms) {
		return fmt.Errorf("there are %d archives in %s, not %d", len(archives), s.dist, len(platforms))
	}
	return nil
}

// checkArchive checks that the archive holds the executable for its platform, nothing else, and nothing that tells when
// or where it was built. It returns the executable.
func (s *snapshot) checkArchive(p platform) (executable []byte, err error) {
	archive, err := zip.OpenReader(filepath.Join(s.dist, s.archive(p)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	if len(archive.File) != 1 || archive.File[0].Name != s.executable(p) {
		var names []string
		for _, file := range archive.File {
			names = append(names, file.Name)
		}
		return nil, fmt.Errorf("it holds %q, not %s alone", names, s.executable(p))
	}
	file := archive.File[0]
	if mode := file.Mode(); mode != 0o755 {
		return nil, fmt.Errorf("the executable's mode is %s", mode)
	}
	if !file.Modified.Equal(s.committed) {
		return nil, fmt.Errorf("the executable is of %s, not of the commit's time, %s", file.Modified.UTC(), s.committed.UTC())
	}
	content, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if executable, err = io.ReadAll(content); err != nil {
		return nil, err
	}
	return executable, s.checkStamps(p, executable)
}

func (s *snapshot) checkStamps(p platform, executable []byte) error {
	info, err := buildinfo.Read(bytes.NewReader(executable))
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	for key, want := range map[string]string{"GOOS": p.os, "GOARCH": p.arch, "CGO_ENABLED": "0", "-trimpath": "true", "vcs": ""} {
		if settings[key] != want {
			return fmt.Errorf("it was built with %s=%q, not %q", key, settings[key], want)
		}
	}
	if !bytes.Contains(executable, []byte(s.version)) {
		return errors.New("the version is not stamped into the executable: is main.version still there?")
	}
	return nil
}
