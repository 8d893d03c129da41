//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// separate puts the CLI into a process group of its own. A Ctrl-C in the terminal then reaches it once, from Run: at a
// second interrupt a CLI exits immediately, and leaves its provider running.
func separate(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
