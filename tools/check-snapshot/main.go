// Command check-snapshot checks what `make snapshot` built into dist/: that it is what the registries require, that the
// CLI installs it and that it runs, and that another build of the same sources gives the same executables. It runs at the
// top of the repository, as make does, and stops at the first error. What it writes is in dist/, which a snapshot cleans.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// project begins the name of every file of a release.
const project = "terraform-provider-circleci"

// platforms are those that a release must have. The list repeats .goreleaser.yml, so that none gets lost unnoticed.
var platforms = strings.Fields("darwin_amd64 darwin_arm64 freebsd_386 freebsd_amd64 freebsd_arm freebsd_arm64 " +
	"linux_386 linux_amd64 linux_arm linux_arm64 windows_386 windows_amd64 windows_arm64")

// rebuilt are the platforms that are built again. All of them would take as long as the snapshot itself, and prove little
// beyond these, which differ in system, architecture and word size.
var rebuilt = []string{"linux_amd64", "darwin_arm64", "windows_386"}

// snapshot is what goreleaser built.
type snapshot struct {
	Version   string    // without a v
	committed time.Time // the time of the commit, which every file has
}

func (s *snapshot) file(suffix string) string {
	return fmt.Sprintf("%s_%s_%s", project, s.Version, suffix)
}

func (s *snapshot) archive(platform string) string { return s.file(platform + ".zip") }

func (s *snapshot) executable(platform string) string {
	name := fmt.Sprintf("%s_v%s", project, s.Version)
	if strings.HasPrefix(platform, "windows_") {
		name += ".exe"
	}
	return name
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("The snapshot is not as a release must be: ")
	ctx := context.Background()
	work := must(filepath.Abs("dist/check"))
	check(os.RemoveAll(work))
	// goreleaser says what it built, and git of which commit.
	s := &snapshot{}
	check(json.Unmarshal(must(os.ReadFile("dist/metadata.json")), s))
	seconds := must(exec.CommandContext(ctx, "git", "show", "--no-patch", "--format=%ct", "HEAD").Output())
	s.committed = time.Unix(must(strconv.ParseInt(strings.TrimSpace(string(seconds)), 10, 64)), 0)

	s.checkSums()
	executables := map[string][]byte{}
	for _, p := range platforms {
		executables[p] = s.checkArchive(p)
	}
	fmt.Printf("%s: the checksums, and the archives of %d platforms, are what the registries require.\n", s.Version, len(platforms))

	found := s.checkInstalled(ctx, filepath.Join(work, "installed"))
	fmt.Printf("%s %s installs it, and it sends its version to the Runner API.\n", found.Name, found.Version)

	for _, p := range rebuilt {
		start := time.Now()
		s.checkRebuilt(ctx, p, executables[p], filepath.Join(work, p))
		fmt.Printf("Built again for %s, in another directory with an empty build cache: the same executable (%s).\n",
			p, time.Since(start).Round(time.Second))
	}
}

// checkSums checks that SHA256SUMS lists the archives and the manifest, nothing else, with the right checksums, and that no
// other archive exists.
func (s *snapshot) checkSums() {
	// goreleaser uploads the manifest from where it is, under its name in the release.
	files := map[string]string{s.file("manifest.json"): "terraform-registry-manifest.json"}
	for _, platform := range platforms {
		files[s.archive(platform)] = "dist/" + s.archive(platform)
	}
	var want []string
	for name, path := range files {
		want = append(want, fmt.Sprintf("%x  %s", sha256.Sum256(must(os.ReadFile(path))), name))
	}
	sums := "dist/" + s.file("SHA256SUMS")
	got := strings.Split(strings.TrimSuffix(string(must(os.ReadFile(sums))), "\n"), "\n")
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		log.Fatalf("%s should be\n  %s\nand is\n  %s", sums, strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
	if archives := must(filepath.Glob("dist/*.zip")); len(archives) != len(platforms) {
		log.Fatalf("there are %d archives in dist, not %d", len(archives), len(platforms))
	}
}

// checkArchive checks that the archive holds the executable for its platform, nothing else, and nothing that shows when or
// where it was built. It returns the executable.
func (s *snapshot) checkArchive(platform string) []byte {
	name := s.archive(platform)
	content := must(os.ReadFile("dist/" + name))
	archive := must(zip.NewReader(bytes.NewReader(content), int64(len(content))))
	if len(archive.File) != 1 || archive.File[0].Name != s.executable(platform) {
		log.Fatalf("%s does not hold %s alone, but %d files", name, s.executable(platform), len(archive.File))
	}
	file := archive.File[0]
	if file.Mode() != 0o755 || !file.Modified.Equal(s.committed) {
		log.Fatalf("the executable in %s has mode %s and time %s, not 0755 and the commit's time %s",
			name, file.Mode(), file.Modified.UTC(), s.committed.UTC())
	}
	if bom := must(os.ReadFile("dist/" + s.file(platform+".cdx.json"))); !json.Valid(bom) {
		log.Fatalf("the bill of materials of %s is not JSON", platform)
	}
	executable := must(fs.ReadFile(archive, file.Name))
	settings := map[string]string{}
	for _, setting := range must(buildinfo.Read(bytes.NewReader(executable))).Settings {
		settings[setting.Key] = setting.Value
	}
	goos, goarch, _ := strings.Cut(platform, "_")
	for key, want := range map[string]string{"GOOS": goos, "GOARCH": goarch, "CGO_ENABLED": "0", "-trimpath": "true", "vcs": ""} {
		if settings[key] != want {
			log.Fatalf("the executable in %s was built with %s=%q, not %q", name, key, settings[key], want)
		}
	}
	if !bytes.Contains(executable, []byte(s.Version)) {
		log.Fatalf("the version is not stamped into the executable in %s: does main.version still exist?", name)
	}
	return executable
}

// checkInstalled has the CLI install the archive for this machine, as from a registry, and read from a Runner API on
// loopback, to which the provider sends its version. It returns the CLI.
func (s *snapshot) checkInstalled(ctx context.Context, dir string) cli.CLI {
	server := circlecitest.NewServer()
	server.SetTasks("acme/linux", 1, 0)
	w := &cli.Workspace{CLI: must(cli.Find(ctx)), Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+server.URL)}
	// A version that is not released is found under its exact version only.
	const source = `source = "circleci-community/circleci"`
	required := strings.Replace(cli.RequiredProviders, source, fmt.Sprintf("%s\n version = %q", source, s.Version), 1)
	const tasks = "data \"circleci_runner_tasks\" \"linux\" {\n  resource_class = \"acme/linux\"\n}\n"
	check(w.Write(map[string]string{"main.tf": required + tasks}))
	archive := s.archive(runtime.GOOS + "_" + runtime.GOARCH)
	check(w.UseMirror("dist/"+archive, archive))
	check(w.Run(ctx, io.Discard, os.Stderr, "init", "-no-color"))
	check(w.Run(ctx, io.Discard, os.Stderr, "plan", "-no-color"))
	server.Close()
	requests := server.Requests()
	if len(requests) != 1 || !strings.HasPrefix(requests[0].Header.Get("User-Agent"), project+"/"+s.Version+" ") {
		log.Fatalf("the installed provider sent %d requests, not one with its version in the User-Agent", len(requests))
	}
	return w.CLI
}

// checkRebuilt builds the same sources in another directory, with an empty build cache, and in another time zone.
func (s *snapshot) checkRebuilt(ctx context.Context, platform string, want []byte, dir string) {
	// The copy is a clone, whose index gets the files of the working directory: changed and new ones, without deleted ones.
	sources := filepath.Join(dir, "sources")
	run(exec.CommandContext(ctx, "git", "clone", "--quiet", "--no-checkout", ".", sources))
	run(exec.CommandContext(ctx, "git", "--git-dir="+filepath.Join(sources, ".git"), "--work-tree=.", "add", "--all"))
	run(exec.CommandContext(ctx, "git", "-C", sources, "checkout-index", "--all"))

	goos, goarch, _ := strings.Cut(platform, "_")
	build := exec.CommandContext(ctx, must(filepath.Abs("bin/goreleaser")), "build", "--snapshot", "--single-target")
	build.Dir = sources
	build.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOCACHE="+filepath.Join(dir, "cache"), "TZ=Asia/Kathmandu")
	run(build)
	built := must(filepath.Glob(filepath.Join(sources, "dist", "*", s.executable(platform))))
	if len(built) != 1 || !bytes.Equal(must(os.ReadFile(built[0])), want) {
		log.Fatalf("built again for %s, %q is not one executable, the same as in its archive", platform, built)
	}
	check(os.RemoveAll(dir))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

// run runs a command, and shows what it prints if it fails.
func run(command *exec.Cmd) {
	if output, err := command.CombinedOutput(); err != nil {
		log.Fatalf("%s: %v\n%s", command, err, output)
	}
}
