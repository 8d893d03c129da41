package circleci_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

var redirectStatuses = []int{301, 302, 303, 307, 308}

// A redirect to another origin is not followed. The error states the origin only, because the URL of a sign-in page may
// hold a secret.
func TestCrossOriginRedirect(t *testing.T) {
	for location, origin := range map[string]string{
		"http://127.0.0.1:8080/secret?secret#secret": "http://127.0.0.1:8080",
		"http://localhost/secret":                    "http://localhost:80",
		"https://127.0.0.1/secret":                   "https://127.0.0.1:443",
		"//login.example.com/secret":                 "http://login.example.com:80",
		"https://jane:secret@login.example.com/":     "https://login.example.com:443",
		"http://[::1]/secret":                        "http://[::1]:80",
	} {
		for _, status := range redirectStatuses {
			server, client := serve(t, nil, withRetries(4))
			// A redirect within the origin does not make the next one acceptable.
			server.Enqueue(circlecitest.Redirect("/elsewhere"), http.RedirectHandler(location, status))
			got := <-countTasks(t.Context(), client)
			equal(t, "error", errorText(got.err), tasksRequest+" was redirected to "+origin+", which was not followed")
			equal(t, "origin", errorOf[*circleci.RequestError](t, got.err).RedirectedTo, origin)
			equal(t, "connections and requests", [2]int{server.Connections(), len(server.Requests())}, [2]int{1, 2})
		}
	}
}

// Up to ten redirects within the origin are followed, with the credential.
func TestSameOriginRedirect(t *testing.T) {
	server, client := serve(t, nil, withRetries(4))
	for i := range 10 {
		server.Enqueue(http.RedirectHandler("/api/v3/runner/tasks?resource-class=acme%2Flinux", redirectStatuses[i%5]))
	}
	equal(t, "result after ten redirects", <-countTasks(t.Context(), client), result{count: 42})
	equal(t, "token", server.Requests()[10].Header["Circle-Token"], []string{circlecitest.PersonalToken})

	server.ResetRecords()
	server.SetHandler(circlecitest.Redirect("/"))
	got := <-countTasks(t.Context(), client)
	equal(t, "error", errorText(got.err), tasksRequest+": it was redirected more than 10 times")
	equal(t, "requests", len(server.Requests()), 11)
}

// The credential is not sent to a host whose name is merely similar in Unicode, of which U+212A is a k in lower case.
func TestRedirectHostIsNormalized(t *testing.T) {
	for location, isFollowed := range map[string]bool{
		"OK.Example.COM": true, "o\u212a.example.com": false, "o%E2%84%AA.example.com": false,
	} {
		memory := (*circlecitest.Server).UseMemory
		server, trusting := startTLSServer(t, circlecitest.NewCA(), "ok.example.com", memory)
		server.Enqueue(circlecitest.Redirect("https://"+location+"/a"), circlecitest.JSON(goodTasks))
		client := newClient(t, server, trusting, func(config *circleci.Config) {
			config.APIURL = parseURL(t, "https://ok.example.com")
		})
		err := (<-countTasks(t.Context(), client)).err
		equal(t, location+" is followed", err == nil && len(server.Requests()) == 2, isFollowed)
		equal(t, "connections", server.Connections(), 1)
		if !isFollowed {
			equal(t, "error says so", errorOf[*circleci.RequestError](t, err).RedirectedTo != "", true)
		}
	}
}

// silentConn writes nothing once it is silent, as a connection that a firewall has dropped.
type silentConn struct {
	net.Conn
	isSilent *atomic.Bool
}

func (c silentConn) Write(p []byte) (int, error) {
	if c.isSilent.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A connection that has died is not used forever, whatever the version of HTTP.
func TestDeadConnection(t *testing.T) {
	for timeout, isHTTP2 := range map[time.Duration]bool{
		30 * time.Second: false, 29 * time.Second: true, 5 * time.Minute: true,
	} {
		synctest.Test(t, func(t *testing.T) {
			enable := func(s *circlecitest.Server) { s.EnableHTTP2 = isHTTP2 }
			memory := (*circlecitest.Server).UseMemory
			server, trusting := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1", memory, enable)
			var isSilent atomic.Bool
			first := detour(1, func(ctx context.Context) (net.Conn, error) {
				connection, err := server.DialContext(ctx, "", "")
				return silentConn{connection, &isSilent}, err
			})
			client := newClient(t, server, trusting, withRetries(2), withRequestTimeout(timeout), first)
			equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
			isSilent.Store(true)
			equal(t, "result on a dead connection", <-countTasks(t.Context(), client), result{count: 42})
			equal(t, "connections", server.Connections(), 2)
		})
	}
}

// What creates something is sent over HTTP/1.1, because net/http repeats requests over HTTP/2 by itself.
func TestCreateUsesHTTP1(t *testing.T) {
	enable := func(s *circlecitest.Server) { s.EnableHTTP2 = true }
	server, trusting := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1", enable)
	var protocols []string
	server.Intercept(func(r *http.Request) http.Handler {
		protocols = append(protocols, r.Method+" "+r.Proto)
		return nil
	})
	_, err := newClient(t, server, trusting).CreateResourceClass(t.Context(), "acme/new", "")
	equal(t, "error", errorText(err), "")
	equal(t, "protocols", strings.Join(protocols, ", "), "GET HTTP/2.0, POST HTTP/1.1")
}
