package circleci_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

var redirectStatuses = []int{301, 302, 303, 307, 308}

func TestCrossOriginRedirectIsNotFollowed(t *testing.T) {
	for _, status := range redirectStatuses {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			server, other := startServer(t), startServer(t)
			host := server.Listener.Addr().String()
			client := newClient(t, server, withRetries(4))
			localhost := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
			// The path contains a secret, as the URL of a sign-in page may: the error states the origin only.
			tests := []struct{ name, location, origin string }{
				{name: "other port", location: other.URL + "/secret?secret#secret", origin: other.URL},
				{name: "other name of the same host", location: localhost + "/secret", origin: localhost},
				{name: "other scheme", location: "https://" + host + "/secret", origin: "https://" + host},
				{name: "without a scheme", location: "//login.example.com/secret", origin: "http://login.example.com:80"},
				{name: "default port", location: "https://login.example.com/secret", origin: "https://login.example.com:443"},
				{name: "user info", location: "https://jane:secret@login.example.com/", origin: "https://login.example.com:443"},
				{name: "IPv6", location: "http://[::1]/secret", origin: "http://[::1]:80"},
			}
			for _, test := range tests {
				for _, c := range calls {
					server.ResetRecords()
					server.Enqueue(http.RedirectHandler(test.location, status))
					got, err := c.do(t.Context(), client)
					equal(t, "result", got, c.nothing)
					equal(t, test.name, errorOf[*circleci.RequestError](t, err).RedirectedTo, test.origin)
					equal(t, "error", err.Error(), c.requestTo(server)+" was redirected to "+test.origin+", which was not followed")
					equal(t, "number of requests", len(server.Requests()), 1)
				}
			}
			// A redirect within the origin does not make the next one acceptable.
			server.ResetRecords()
			server.Enqueue(circlecitest.Redirect("/elsewhere"), http.RedirectHandler(other.URL+"/api/v3/runner/tasks", status))
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, "origin", errorOf[*circleci.RequestError](t, err).RedirectedTo, other.URL)
			equal(t, "number of requests", len(server.Requests()), 2)
			equal(t, "connections to the other server", other.Connections(), 0)
		})
	}
}

func TestSameOriginRedirectKeepsCredential(t *testing.T) {
	for _, status := range redirectStatuses {
		server := startServer(t)
		server.Enqueue(http.RedirectHandler("/api/v3/runner/tasks?resource-class=acme%2Flinux", status))
		equal(t, "outcome", <-readTasks(t.Context(), newClient(t, server)), outcome{count: 42})
		requests := server.Requests()
		equal(t, "token", requests[0].Header["Circle-Token"], []string{circlecitest.PersonalToken})
		want := requests[0]
		want.Path = "/api/v3/runner/tasks"
		want.Header["Referer"] = requests[1].Header["Referer"]
		equal(t, "requests after the first", requests[1:], []circlecitest.Request{want})
	}
}

func TestMaxRedirects(t *testing.T) {
	redirect := circlecitest.Redirect("/api/v3/runner/tasks?resource-class=acme%2Flinux")
	server, client := respond(t, nil)
	server.Enqueue(slices.Repeat([]http.Handler{redirect}, 10)...)
	equal(t, "outcome after ten redirects", <-readTasks(t.Context(), client), outcome{count: 42})
	equal(t, "number of requests", len(server.Requests()), 11)

	server.ResetRecords()
	server.SetHandler(redirect)
	got := <-readTasks(t.Context(), client)
	equal(t, "count", got.count, int64(0))
	assertRequestError(t, got.err, calls[1].requestTo(server), "it was redirected more than 10 times")
	equal(t, "number of requests", len(server.Requests()), 11)
}

// The credential must not be sent to a host whose name is merely similar in Unicode, of which U+212A is a k in lower case.
func TestRedirectHostIsNormalized(t *testing.T) {
	tests := []struct {
		host, location, dialed string
		requests               int
	}{
		{host: "LocalHost", location: "LOCALHOST", dialed: "localhost", requests: 2},
		{host: "ci.example.com", location: "CI.Example.COM", dialed: "ci.example.com", requests: 2},
		{host: "ok.example.com", location: "o\u212a.example.com", dialed: "ok.example.com", requests: 1},
		{host: "ok.example.com", location: "o%E2%84%AA.example.com", dialed: "ok.example.com", requests: 1},
	}
	ca := circlecitest.NewCA()
	for _, test := range tests {
		server, trusting := startTLSServer(t, ca, "127.0.0.1")
		server.Enqueue(circlecitest.Redirect("https://"+test.location+"/a"), circlecitest.JSON(`{"unclaimed_task_count":42}`))
		var dialed []string
		_, err := newClient(t, server, trusting, func(config *circleci.Config) {
			config.APIURL = parseURL(t, "https://"+test.host)
			config.TLS.InsecureSkipVerify = true
			config.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
				dialed = append(dialed, address)
				return dialTo(server.Listener.Addr().String())(ctx)
			}
		}).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, test.location+": dialed", slices.Compact(dialed), []string{test.dialed + ":443"})
		equal(t, test.location+": requests", len(server.Requests()), test.requests)
		request := (*circleci.RequestError)(nil)
		equal(t, test.location+": is not followed", errors.As(err, &request) && request.RedirectedTo != "", test.requests == 1)
	}
}
