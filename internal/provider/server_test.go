package provider_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// The requests of a read of acme/linux.
const (
	linuxRunnersURL = "/api/v3/runner?resource-class=acme%2Flinux"
	linuxTasksURL   = "/api/v3/runner/tasks?resource-class=acme%2Flinux"
	linuxRunningURL = "/api/v3/runner/tasks/running?resource-class=acme%2Flinux"
)

// The configurations that most reads have.
var (
	linuxClass    = providertest.Attributes{"resource_class": providertest.String("acme/linux")}
	acmeNamespace = providertest.Attributes{"namespace": providertest.String("acme")}
)

// The states of movedClass and movedToken.
var (
	classState = providertest.Attributes{
		"id": providertest.String(movedClass.ID), "resource_class": providertest.String("acme/linux"),
		"description": providertest.String(movedClass.Description),
	}
	tokenState = providertest.Attributes{
		"id": providertest.String(movedToken.ID), "resource_class": providertest.String("acme/linux"),
	}
)

// testProvider is a configured provider, without the CLI.
type testProvider struct {
	*providertest.Server
	t testing.TB
}

// newProvider configures the provider for a server, with these attributes in addition to a URL and a token.
func newProvider(
	t testing.TB, server *circlecitest.Server, attributes providertest.Attributes, opts ...provider.Option,
) testProvider {
	t.Helper()
	connect := func(c *circleci.Config) { c.DialContext = server.DialContext }
	return configure(t, provider.NewServer("test", append([]provider.Option{connect}, opts...)...)(), server, attributes)
}

// newFrameworkProvider is newProvider without the runnerListEncoder.
func newFrameworkProvider(t testing.TB, server *circlecitest.Server, attributes providertest.Attributes) testProvider {
	t.Helper()
	return configure(t, providerserver.NewProtocol6(provider.New("test")())(), server, attributes)
}

func configure(
	t testing.TB, made tfprotov6.ProviderServer, server *circlecitest.Server, attributes providertest.Attributes,
) testProvider {
	t.Helper()
	p, err := providertest.Connect(context.Background(), made, server.URL, attributes)
	if err != nil {
		t.Fatal(err)
	}
	return testProvider{p, t}
}

// newMemoryServer starts a server whose connections are in memory, for a test in a bubble of testing/synctest.
func newMemoryServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewMemoryServer()
	t.Cleanup(server.Close)
	return server
}

// refuseV3 lets a server respond with a status to all requests of API v3.
func refuseV3(server *circlecitest.Server, status int) {
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.HasPrefix(r.URL.Path, "/api/v3/") {
			return circlecitest.Error(status, "no such version")
		}
		return nil
	})
}

// runInBubble runs a subtest in parallel, with virtual time.
func runInBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func (p testProvider) read(
	ctx context.Context, dataSource string, attributes providertest.Attributes,
) (providertest.Attributes, []diagnostic) {
	p.t.Helper()
	state, diagnostics, err := p.Read(ctx, dataSource, attributes)
	if err != nil {
		p.t.Error(err)
	}
	return state, protocolDiagnostics(diagnostics)
}

// change creates, updates or deletes a resource, as Apply does.
func (p testProvider) change(
	ctx context.Context, resource string, prior, planned providertest.Attributes,
) []diagnostic {
	p.t.Helper()
	_, diagnostics, err := p.Apply(ctx, resource, prior, planned)
	if err != nil {
		p.t.Error(err)
	}
	return protocolDiagnostics(diagnostics)
}

// protocolDiagnostics converts diagnostics of the protocol.
func protocolDiagnostics(diagnostics []*tfprotov6.Diagnostic) (converted []diagnostic) {
	for _, d := range diagnostics {
		c := diagnostic{Severity: strings.ToLower(d.Severity.String()), Summary: d.Summary, Detail: d.Detail}
		if d.Attribute != nil {
			if name, ok := d.Attribute.Steps()[0].(tftypes.AttributeName); ok {
				c.Attribute = string(name)
			}
		}
		converted = append(converted, c)
	}
	return converted
}

// runnersOf returns the attributes of each runner of a list.
func runnersOf(t *testing.T, state providertest.Attributes) []map[string]tftypes.Value {
	t.Helper()
	var list []tftypes.Value
	err := state["runners"].As(&list)
	runners := make([]map[string]tftypes.Value, len(list))
	for i, runner := range list {
		err = errors.Join(err, runner.As(&runners[i]))
	}
	if err != nil {
		t.Fatal(err)
	}
	return runners
}

// TestServerImplementsAll compares the methods with those of the framework's server, of which a new version may have
// more.
func TestServerImplementsAll(t *testing.T) {
	got := reflect.TypeOf(provider.NewServer("test")())
	want := reflect.TypeOf(providerserver.NewProtocol6(provider.New("test")())())
	for i := range want.NumMethod() {
		if name := want.Method(i).Name; !hasMethod(got, name) {
			t.Errorf("the framework's server has the method %s, which the wrappers do not pass on", name)
		}
	}
}

func hasMethod(t reflect.Type, name string) bool {
	_, found := t.MethodByName(name)
	return found
}
