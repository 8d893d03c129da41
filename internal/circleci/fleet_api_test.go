package circleci_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// serveAt returns a client whose API has any URL and one response. dialed are the hosts that the client connects to.
func serveAt(t *testing.T, apiURL string, response http.Handler) (client *circleci.Client, dialed *[]string) {
	t.Helper()
	setProxy(t, "", nil)
	server, trusting := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1", (*circlecitest.Server).UseMemory)
	server.SetHandler(response)
	dialed = new([]string)
	return newClient(t, server, trusting, auto, func(config *circleci.Config) {
		config.APIURL = parseURL(t, apiURL)
		config.TLS.InsecureSkipVerify = true // The certificate is for another host.
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			*dialed = append(*dialed, address)
			return server.DialContext(ctx, network, address)
		}
	}), dialed
}

// Of Cloud, only circleci.com serves the fleet API, whose version needs no search. Other requests go where they did.
func TestOriginOfFleetAPI(t *testing.T) {
	const browser, runner = "circleci.com:443", "runner.circleci.com:443"
	for apiURL, want := range map[string]struct{ fleets, dialed, dialedByCount string }{
		"https://runner.circleci.com":         {"https://circleci.com", browser, runner},
		"https://Runner.CircleCI.com:443/api": {"https://circleci.com", browser, runner},
		"https://circleci.com":                {"https://circleci.com", browser, ""}, // The connection is reused.
		"https://circleci.com:443/ci":         {"https://circleci.com", browser, ""},
		"https://circleci.com:8443":           {"https://circleci.com:8443", "circleci.com:8443", ""},
		"https://ci.example.com/circle/ci":    {"https://ci.example.com/circle/ci", "ci.example.com:443", ""},
	} {
		client, dialed := serveAt(t, apiURL, circlecitest.Error(403, "no"))
		_, err := client.ListFleets(t.Context(), "acme")
		request := strings.Replace(fleetsOfAcme, "GET ", "GET "+want.fleets, 1)
		equal(t, "error", errorText(err), request+` returned 403 Forbidden: "no"`)
		equal(t, "version", client.APIVersion(), circleci.Auto)
		err = (<-countTasks(t.Context(), client)).err
		equal(t, "status of a count", errorOf[*circleci.StatusError](t, err).StatusCode, 403)
		equal(t, apiURL+": dialed", strings.Join(*dialed, ""), want.dialed+want.dialedByCount)
	}
}

// The one origin is not left for the other.
func TestFleetAPIRedirect(t *testing.T) {
	redirect := circlecitest.Redirect("https://runner.circleci.com/api/v3/runner/fleets")
	client, dialed := serveAt(t, circleci.DefaultAPIURL, redirect)
	_, err := client.ListFleets(t.Context(), "acme")
	equal(t, "origin", errorOf[*circleci.RequestError](t, err).RedirectedTo, "https://runner.circleci.com:443")
	equal(t, "dialed", *dialed, []string{"circleci.com:443"})
}

// The fleet API gets a personal token in a header that it accepts, and no other credential.
func TestCredentialOfFleetAPI(t *testing.T) {
	accepted := map[string]http.Header{
		"personal token": {"Circle-Token": {oddSecret}}, "Basic": {"Circle-Token": {oddSecret}},
		"Bearer": {"Authorization": {"Bearer " + oddSecret}},
	}
	for _, credential := range credentials {
		opt := withCredential(credential.make(oddSecret))
		server, client := serve(t, circlecitest.Error(401, "no "+oddSecret+"!"), opt)
		_, err := client.GetFleet(t.Context(), "acme/linux")
		want := accepted[credential.name]
		if want == nil {
			equal(t, credential.name+": error", errors.Is(err, circleci.ErrPersonalTokenRequired), true)
			equal(t, credential.name+": requests", len(server.Requests()), 0)
			continue
		}
		equal(t, credential.name+": message", errorOf[*circleci.StatusError](t, err).Message, "no (redacted)!")
		for _, key := range []string{"Circle-Token", "Authorization", "Cookie"} {
			equal(t, credential.name+": "+key, server.Requests()[0].Header[key], want[key])
		}
	}
	_, client := serveFleet(t, withCredential(circleci.BasicToken(circlecitest.PersonalToken)))
	_, err := client.GetFleet(t.Context(), "acme/linux")
	equal(t, "error of a server that rejects HTTP Basic", errorText(err), "")
}

// A header that tells the next page is no error in a list that is read to its last page.
func TestLinkOfFleetAPI(t *testing.T) {
	server, client := serveFleet(t)
	server.Enqueue(circlecitest.WithHeader(circlecitest.JSON(fleetList.good), "Link", `<https://a.b>; rel="next"`))
	fleets, err := client.ListFleets(t.Context(), "acme")
	equal(t, "error", errorText(err), "")
	equal(t, "fleets", fleets, fleetList.want)
}

// CircleCI Server does not have the fleet API, whose version is not searched for.
func TestWithoutFleetAPI(t *testing.T) {
	server, client := serveFleet(t, auto)
	server.OmitFleetAPI()
	_, err := client.ListFleets(t.Context(), "acme")
	equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, 404)
	equal(t, "requests", sent(server), []string{fleetsOfAcme})
	_, err = client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
	equal(t, "error of a list of runners", errorText(err), "")
}
