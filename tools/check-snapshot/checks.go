package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
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

// checkInstalled has the CLI install the archive for this machine, as from a registry, and read from a Runner API on
// loopback, to which the provider sends its version. It returns the CLI.
func (s *snapshot) checkInstalled(ctx context.Context, dir string) (found cli.CLI, err error) {
	if found, err = cli.Find(ctx); err != nil {
		return found, err
	}
	server := circlecitest.NewServer()
	defer server.Close()
	server.SetTasks("acme/linux", 1, 0)
	w := &cli.Workspace{CLI: found, Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+server.URL)}
	// A version that is not released is found under its exact version only.
	source := `source = "circleci-community/circleci"`
	err = w.Write(map[string]string{"main.tf": strings.Replace(cli.RequiredProviders, source, fmt.Sprintf("%s\n version = %q", source, s.version), 1) +
		"data \"circleci_runner_tasks\" \"linux\" {\n  resource_class = \"acme/linux\"\n}\n"})
	if err != nil {
		return found, err
	}
	archive := s.archive(runtime.GOOS + "_" + runtime.GOARCH)
	if err := w.UseMirror(filepath.Join(s.dist, archive), archive); err != nil {
		return found, err
	}
	for _, command := range []string{"init", "plan"} {
		if stdout, stderr, err := w.Output(ctx, command, "-no-color"); err != nil {
			return found, fmt.Errorf("%w\n%s%s", err, stdout, stderr)
		}
	}
	var agents []string
	for _, request := range server.Requests() {
		agents = append(agents, request.Header.Get("User-Agent"))
	}
	if len(agents) != 1 || !strings.HasPrefix(agents[0], project+"/"+s.version+" ") {
		return found, fmt.Errorf("the installed provider sent %d requests, with the User-Agents %q", len(agents), agents)
	}
	return found, nil
}

// checkRebuilt builds the same sources in another directory, with an empty build cache, and in another time zone.
func (s *snapshot) checkRebuilt(ctx context.Context, platform string, want []byte, dir string) error {
	goreleaser, err := filepath.Abs(filepath.Join("bin", "goreleaser"))
	if err != nil {
		return err
	}
	// The copy is a clone, whose index gets the files of the working directory: changed and new ones, without deleted ones.
	sources := filepath.Join(dir, "sources")
	for _, arguments := range [][]string{
		{"clone", "--quiet", "--no-checkout", ".", sources},
		{"--git-dir=" + filepath.Join(sources, ".git"), "--work-tree=.", "add", "--all"},
		{"-C", sources, "checkout-index", "--all"},
	} {
		if output, err := exec.CommandContext(ctx, "git", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", strings.Join(arguments, " "), err, output)
		}
	}
	goos, goarch, _ := strings.Cut(platform, "_")
	command := exec.CommandContext(ctx, goreleaser, "build", "--snapshot", "--single-target")
	command.Dir = sources
	command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOCACHE="+filepath.Join(dir, "cache"), "TZ=Asia/Kathmandu")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("goreleaser build: %w\n%s", err, output)
	}
	found, err := filepath.Glob(filepath.Join(sources, "dist", "*", s.executable(platform)))
	if err != nil || len(found) != 1 {
		return errors.Join(fmt.Errorf("%q were built, not one %s", found, s.executable(platform)), err)
	}
	got, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("the executables differ")
	}
	return os.RemoveAll(dir)
}
