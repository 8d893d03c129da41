package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// The ways to serve a read: the provider's own, and the plain one. The plain way is the framework's server alone: without
// the wrapper, the data source fills a slice of structs of types.String and gives it to State.Set.
var ways = []struct {
	name   string
	server func() tfprotov6.ProviderServer
}{
	{"direct", provider.NewServer("test")},
	{"plain", providerserver.NewProtocol6(provider.New("test")())},
}

// newRead configures a provider for a server and returns what reads a data source of the whole namespace once.
func newRead(tb testing.TB, made tfprotov6.ProviderServer, server *circlecitest.Server, dataSource string) func() *tfprotov6.ReadDataSourceResponse {
	tb.Helper()
	p, err := providertest.Drive(context.Background(), made)
	if err != nil {
		tb.Fatal(err)
	}
	diagnostics, err := p.Configure(context.Background(), providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
	})
	if err != nil || len(diagnostics) != 0 {
		tb.Fatalf("the provider is not configured: %v, %+v", err, diagnostics)
	}
	config := providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)}
	return func() *tfprotov6.ReadDataSourceResponse {
		response, err := p.ReadEncoded(context.Background(), dataSource, config)
		if err != nil || len(response.Diagnostics) != 0 {
			tb.Fatalf("the read reports %v, %+v", err, response)
		}
		return response
	}
}

// BenchmarkRead is one read of circleci_runners through the provider's server: HTTP, decoding, converting, encoding.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		body := circlecitest.LongList(n, 3)
		for _, way := range ways {
			if way.name == "plain" && n > 10_000 {
				continue // It takes a quarter of a minute and gigabytes.
			}
			b.Run(fmt.Sprintf("runners=%d/way=%s", n, way.name), func(b *testing.B) {
				server := circlecitest.NewServer()
				defer server.Close()
				server.SetHandler(circlecitest.Body(body))
				read := newRead(b, way.server(), server, "circleci_runners")
				b.ReportAllocs()
				for b.Loop() {
					read()
				}
			})
		}
	}
}

// BenchmarkFleet is one read of circleci_runner_fleet: a listing, and a count for each class, from a server that answers
// at once.
func BenchmarkFleet(b *testing.B) {
	for _, classes := range []int{1, 20, 200} {
		b.Run(fmt.Sprintf("classes=%d", classes), func(b *testing.B) {
			server := circlecitest.NewServer()
			defer server.Close()
			serveFleet(server, classes)
			read := newRead(b, ways[0].server(), server, "circleci_runner_fleet")
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
		})
	}
}

// serveFleet lists five runners of each class, and counts one task for each.
func serveFleet(server *circlecitest.Server, classes int) {
	list := circlecitest.Body(circlecitest.LongList(5*classes, classes))
	oneTask := circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/tasks") {
			return oneTask
		}
		return list
	})
}
