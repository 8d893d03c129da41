//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// separate puts the CLI into a process group of its own. A Ctrl-C in the terminal then reaches it once, from the demo:
// at a second interrupt a CLI ends at once, and leaves its provider running.
func separate(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// endGroup ends what an ended CLI left running: its provider, when the CLI did not end by itself.
func endGroup(command *exec.Cmd) {
	if command.Process != nil {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	}
}
