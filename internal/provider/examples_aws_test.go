package provider_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// awsSecret is what Secrets Manager returns.
const awsSecret = "d0c9e2f1-runner-token"

// awsStub is every command that would change the machine or leave it. It records its arguments and its environment.
const awsStub = `#!/bin/bash
printf '%s\n' "${0##*/} $*" >>"$RECORDS/commands"
env >>"$RECORDS/environment"
once() { [ ! -e "$RECORDS/$1" ] && touch "$RECORDS/$1"; }
case "${0##*/} $*" in
"aws secretsmanager "*)
  [ "$SECRET" = denied ] && exit 254
  once denied && exit 254 # The role is not accepted yet.
  echo "$SECRET" ;;
"aws autoscaling complete-"*) [ "$TERMINATING" ] || [ -e "$RECORDS/told" ] ;;
"aws autoscaling terminate-"*) touch "$RECORDS/told" ;;
"curl "*/script.deb.sh*) while [ "$1" != -o ]; do shift; done; echo apt-get setup >"$2" ;;
"curl "*/api/token) echo session ;;
"curl "*/instance-id) echo i-0123 ;;
"curl "*/target-lifecycle-state) if once asked; then echo InService; else echo Terminated; fi ;;
"install "*"-o circleci -g circleci"*) exec "$INSTALL" "${@:1:2}" "${@:7}" ;;
"install "*) exec "$INSTALL" "$@" ;;
"sleep 60") once heartbeat || kill "$PPID" ;;
esac
`

// machine is a directory in place of the root of a machine, in which the script of examples/aws runs.
type machine struct {
	t              *testing.T
	root, commands string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	install, err := exec.LookPath("install")
	if err != nil {
		t.Fatal(err)
	}
	m := machine{t: t, root: t.TempDir()}
	m.commands = filepath.Join(m.root, "records/commands")
	for _, directory := range []string{
		"bin", "records", "tmp", "etc/apt/apt.conf.d", "etc/circleci-runner", "etc/systemd/system", "usr/local/sbin",
	} {
		m.check(os.MkdirAll(filepath.Join(m.root, directory), 0o750))
	}
	for _, name := range []string{"apt-get", "aws", "curl", "install", "shutdown", "sleep", "snap", "systemctl"} {
		m.check(os.WriteFile(filepath.Join(m.root, "bin", name), []byte(awsStub), 0o700))
	}
	t.Setenv("PATH", filepath.Join(m.root, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", filepath.Join(m.root, "tmp"))
	t.Setenv("RECORDS", filepath.Join(m.root, "records"))
	t.Setenv("INSTALL", install)
	t.Setenv("TERMINATING", "")
	return m
}

func (m machine) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// run runs the script as user data, with an argument if any, and returns whether it succeeds and what commands it ran.
// The secret is not in the environment of the script: the stub of aws has it.
func (m machine) run(secret, mode, version string, arguments ...string) (ok bool, commands []string) {
	m.t.Helper()
	aws := filepath.Join(m.root, "bin/aws")
	stub := strings.Replace(awsStub, "\nonce()", "\nSECRET='"+secret+"'\nonce()", 1)
	m.check(os.WriteFile(aws, []byte(stub), 0o700))
	script := read(m.t, filepath.Join(examples, "aws/machine.sh"))
	script = regexp.MustCompile(`(?m)^(program|config|units|locks)=`).ReplaceAllString(script, "${1}="+m.root)
	script = strings.Join([]string{
		"#!/bin/bash", "SECRET_ARN='arn:aws:secretsmanager:eu-west-1:123456789012:secret:runner'", "GROUP='group'",
		"MODE='" + mode + "'", "IDLE_TIMEOUT='30m'", "AGENT_VERSION='" + version + "'", script,
	}, "\n")
	path := filepath.Join(m.root, "user-data")
	m.check(os.WriteFile(path, []byte(script), 0o600))
	command := exec.CommandContext(m.t.Context(), "bash", append([]string{path}, arguments...)...)
	command.Env = append(os.Environ(), "HOME=/home/circleci") // As systemd sets it for the agent's user.
	output, err := command.CombinedOutput()
	m.check(os.WriteFile(filepath.Join(m.root, "records/log"), output, 0o600))
	if strings.Contains(read(m.t, filepath.Join(m.root, "records/environment")), "HOME=/home/circleci") {
		m.t.Error("a command reads the configuration in the home directory of the agent, where jobs can write")
	}
	recorded := strings.ReplaceAll(read(m.t, m.commands), m.root, "")
	m.check(os.Remove(m.commands))
	commands = strings.Split(strings.TrimSpace(recorded), "\n")
	return err == nil, slices.DeleteFunc(commands, func(command string) bool {
		return strings.Contains(command, "169.254.169.254")
	})
}

// expectCommands asserts the commands but those that read the metadata of the instance.
func (m machine) expectCommands(got []string, want ...string) {
	m.t.Helper()
	if !slices.Equal(got, want) {
		m.t.Errorf("the commands are\n%s, want\n%s\nlog:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"),
			read(m.t, filepath.Join(m.root, "records/log")))
	}
}

// secretFiles returns the files that contain the secret, but the stub that serves it. Among the others are the
// commands, their environment and the log.
func (m machine) secretFiles() (names []string) {
	m.t.Helper()
	m.check(fs.WalkDir(os.DirFS(m.root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && name != "bin/aws" &&
			strings.Contains(read(m.t, filepath.Join(m.root, name)), awsSecret) {
			names = append(names, name)
		}
		return err
	}))
	return names
}

const (
	awsConfigFile = "etc/circleci-runner/circleci-runner-config.yaml"
	awsReadSecret = "aws secretsmanager get-secret-value " +
		"--secret-id arn:aws:secretsmanager:eu-west-1:123456789012:secret:runner --query SecretString --output text"
	awsComplete = "aws autoscaling complete-lifecycle-action --auto-scaling-group-name group --lifecycle-hook-name drain " +
		"--instance-id i-0123 --lifecycle-action-result CONTINUE"
)

// TestExampleAWSBoot has the secret in the configuration of the agent, which only the agent's user can read, and
// nowhere else.
func TestExampleAWSBoot(t *testing.T) {
	for mode, want := range map[string]struct{ version, installed, config string }{
		"single-task": {installed: "circleci-runner", config: "  mode: \"single-task\"\n"},
		"continuous": {
			version: "3.1.2", installed: "circleci-runner=3.1.2",
			config: "  mode: \"continuous\"\n  idle_timeout: \"30m\"\n",
		},
	} {
		t.Run(mode, func(t *testing.T) {
			m := newMachine(t)
			ok, commands := m.run(awsSecret, mode, want.version)
			if !ok {
				t.Error("the script fails")
			}
			for i, command := range commands { // The names of the temporary files differ.
				commands[i] = regexp.MustCompile(` /tmp/\S+`).ReplaceAllString(command, " FILE")
			}
			m.expectCommands(commands,
				"systemctl stop apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service",
				"apt-get update", "apt-get install -y curl ca-certificates",
				"curl -fsSL --retry 5 -o FILE https://packagecloud.io/install/repositories/circleci/runner/script.deb.sh?any=true",
				"apt-get setup", "apt-get install -y "+want.installed,
				awsReadSecret, "sleep 10", awsReadSecret,
				"install -m 600 -o circleci -g circleci /dev/null /"+awsConfigFile,
				"install -m 755 /user-data /usr/local/sbin/circleci-machine",
				"install -d /etc/systemd/system/circleci-runner.service.d",
				"systemctl daemon-reload", "systemctl enable --now circleci-runner circleci-drain")

			if got := m.secretFiles(); !slices.Equal(got, []string{awsConfigFile}) {
				t.Errorf("the secret is in %q", got)
			}
			config := filepath.Join(m.root, awsConfigFile)
			if info, err := os.Stat(config); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the configuration: %v, %v, want mode 0600", info, err)
			}
			wantConfig := "api:\n  auth_token: \"" + awsSecret + "\"\nrunner:\n  name: \"i-0123\"\n" + want.config +
				"  working_directory: \"/var/lib/circleci-runner/workdir\"\n  cleanup_working_directory: true\n"
			if got := read(t, config); got != wantConfig {
				t.Errorf("the configuration is\n%s, want\n%s", got, wantConfig)
			}
			units := filepath.Join(m.root, "etc/systemd/system")
			program := filepath.Join(m.root, "usr/local/sbin/circleci-machine")
			expectLines(t, read(t, filepath.Join(units, "circleci-runner.service.d/machine.conf")),
				"Restart=no\n", "KillMode=mixed\n", "TimeoutStopSec=infinity\n", "ExecStopPost=+"+program+" ended\n")
			expectLines(t, read(t, filepath.Join(units, "circleci-drain.service")), "ExecStart="+program+" drain\n")
			if info, err := os.Stat(program); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("the program: %v, %v, want mode 0755", info, err)
			}
		})
	}
}

// TestExampleAWSBootFails ends a machine that may not read the secret, and does not start its agent.
func TestExampleAWSBootFails(t *testing.T) {
	m := newMachine(t)
	ok, commands := m.run("denied", "single-task", "")
	if ok || slices.ContainsFunc(commands, func(command string) bool { return strings.HasPrefix(command, "systemctl enable") }) {
		t.Errorf("the script succeeds: %t, with the commands %q", ok, commands)
	}
	m.expectCommands(commands[len(commands)-3:], awsReadSecret, "sleep 10", "shutdown -h +10")
	if _, err := os.Stat(filepath.Join(m.root, awsConfigFile)); err == nil {
		t.Error("the agent is configured without a token")
	}
}

// TestExampleAWSScaleIn stops the agent when the group is about to terminate the machine, and keeps the machine until
// the agent has ended.
func TestExampleAWSScaleIn(t *testing.T) {
	m := newMachine(t)
	const heartbeat = "aws autoscaling record-lifecycle-action-heartbeat --auto-scaling-group-name group " +
		"--lifecycle-hook-name drain --instance-id i-0123"
	_, commands := m.run(awsSecret, "continuous", "", "drain")
	m.expectCommands(commands, "sleep 5", "systemctl stop --no-block circleci-runner",
		heartbeat, "sleep 60", heartbeat, "sleep 60")

	t.Setenv("TERMINATING", "1")
	if ok, commands := m.run(awsSecret, "continuous", "", "ended"); ok {
		m.expectCommands(commands, awsComplete, "shutdown -h now")
	} else {
		t.Errorf("ended fails after %q", commands)
	}
}

// TestExampleAWSEnded tells the group that a machine ends whose agent has ended by itself.
func TestExampleAWSEnded(t *testing.T) {
	m := newMachine(t)
	ok, commands := m.run(awsSecret, "single-task", "", "ended")
	if !ok {
		t.Error("ended fails")
	}
	m.expectCommands(commands, awsComplete,
		"aws autoscaling terminate-instance-in-auto-scaling-group --instance-id i-0123 --no-should-decrement-desired-capacity",
		"sleep 5", awsComplete, "shutdown -h now")
}
