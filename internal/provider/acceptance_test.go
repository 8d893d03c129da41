package provider_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func TestMain(m *testing.M) {
	err := cli.PrepareTests()
	if err == nil {
		buildDirectory, err = os.MkdirTemp("", "provider-")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDirectory)
	os.Exit(code)
}

// newServer starts a Runner API, which is closed when the test ends.
func newServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// providerWith returns a provider block of these lines.
func providerWith(lines ...string) string {
	return "provider \"circleci\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// line returns an attribute of a block.
func line(attribute, value string) string { return fmt.Sprintf("%s = %q", attribute, value) }

// providerBlock configures the provider for a server, with a valid token.
func providerBlock(server *circlecitest.Server) string { return tokenProviderBlock(server.URL) }

// versionBlock is providerBlock with a version of the API.
func versionBlock(server *circlecitest.Server, version string) string {
	return tokenProviderBlock(server.URL, line("api_version", version))
}

// tokenProviderBlock configures the provider for a URL, with a valid token and these lines.
func tokenProviderBlock(url string, lines ...string) string {
	return providerWith(append([]string{line("api_url", url), line("token", circlecitest.PersonalToken)}, lines...)...)
}

// setenv sets environment variables for a test. A value that starts with URL starts with the given URL.
func setenv(t *testing.T, environment map[string]string, url string) {
	t.Helper()
	for name, value := range environment {
		if rest, found := strings.CutPrefix(value, "URL"); found {
			value = url + rest
		}
		t.Setenv(name, value)
	}
}

// dataBlock is a data source that is called test.
func dataBlock(dataSource, attributes string) string {
	return fmt.Sprintf("data %q \"test\" {\n  %s\n}\n", dataSource, attributes)
}

// output is an output that is called test.
func output(value string) string { return fmt.Sprintf("output \"test\" {\n  value = %s\n}\n", value) }

// The requests of a read of acme/linux, whose order is fixed while the version of the API is not known.
const (
	linuxTasksURL   = "/api/v3/runner/tasks?resource-class=acme%2Flinux"
	linuxRunningURL = "/api/v3/runner/tasks/running?resource-class=acme%2Flinux"
)

const (
	tasksBlock   = "data \"circleci_runner_tasks\" \"test\" {\n  resource_class = \"acme/linux\"\n}\n"
	runnersBlock = "data \"circleci_runners\" \"test\" {\n  namespace = \"acme\"\n}\n"
)
