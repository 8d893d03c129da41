package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// InstallProvider builds the provider into a filesystem mirror, as a version that the examples require. Then init
// installs it from there, and nothing from anywhere else.
func (c CLI) InstallProvider(ctx context.Context, mirror string) error {
	platform := filepath.Join(filepath.FromSlash(c.ProviderAddress()), "0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
	executable := filepath.Join(mirror, platform, "terraform-provider-circleci_v0.1.0")
	if runtime.GOOS == "windows" {
		executable += ".exe"
	}
	const module = "github.com/circleci-community/terraform-provider-circleci"
	output, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", executable, module).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	const method = "provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n"
	config := filepath.Join(mirror, "mirror.tfrc")
	Setenv("TF_CLI_CONFIG_FILE=" + config)
	return os.WriteFile(config, fmt.Appendf(nil, method, filepath.ToSlash(mirror)), 0o600)
}
