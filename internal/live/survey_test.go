package live_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	userAgent    = "terraform-provider-circleci-testlive (+https://github.com/circleci-community/terraform-provider-circleci)"
	maxBodyBytes = 64 << 20

	badToken = "a-token-that-circleci-never-issued" // It belongs to no user.
	noToken  = "none"
)

// result is the outcome of a fact.
type result struct {
	claim, outcome string
	// detail is what the service returned, or why the claim cannot be checked. Users pass it on, so it holds neither the
	// token nor a host name or an address of a runner.
	detail   string
	misleads string // of the fact, if it does not hold and the provider would report no error
}

// The outcomes of a fact.
const (
	holds      = "holds"
	notHolds   = "does not hold"
	cannotTell = "cannot tell"
)

func outcomeOf(canTell, isTrue bool) string {
	switch {
	case !canTell:
		return cannotTell
	case isTrue:
		return holds
	}
	return notHolds
}

// survey is an installation with one version of the API, and the responses so far. Each request is sent once, and without
// the provider's client, which would not send all of them.
type survey struct {
	installation

	version   circleci.APIVersion
	otherCase string            // of the resource class
	values    *strings.Replacer // of the names in braces
	responses map[request]response
	send      func(request) (response, error)
}

// request is a GET request for runners or for a count.
type request struct {
	version circleci.APIVersion
	target  string // the path below the version, and the query
	token   string
}

// response is what the service sent.
type response struct {
	status     int    // 0 without a response
	detail     string // what came back, in a line
	message    string // of an error
	retryAfter string
	isJSON     bool
	isValid    bool // with status 200, the complete list or the count
	// isConclusive reports whether the response is about the request, rather than a transient error.
	isConclusive bool
	runners      []runner
	n            int // the count, or the number of runners
}

// survey checks every fact, always the same ones in the same order. It only reads.
func (i installation) survey(ctx context.Context) (results []result) {
	s := survey{
		installation: i, otherCase: strings.ToUpper(i.resourceClass), responses: map[request]response{},
		send: func(r request) (response, error) { return send(ctx, i.apiURL, r) },
	}
	if s.otherCase == i.resourceClass {
		s.otherCase = strings.ToLower(i.resourceClass)
	}
	namespace, _, _ := strings.Cut(i.resourceClass, "/")
	values := []string{
		"{class}", url.QueryEscape(i.resourceClass), "{other case}", url.QueryEscape(s.otherCase), "{empty}", url.QueryEscape(i.emptyClass),
		"{unknown}", url.QueryEscape(namespace + "/never-made-" + strings.ToLower(rand.Text())),
		"{namespace}", url.QueryEscape(namespace), "{organization}", url.QueryEscape(i.organizationID),
	}
	for _, s.version = range []circleci.APIVersion{circleci.V2, circleci.V3} {
		s.values = strings.NewReplacer(append(values, "{all}", "namespace="+url.QueryEscape(namespace))...)
		if s.get("runner?{all}", "").status != http.StatusOK {
			// The token may be of a user who may see only the class, which has fewer runners than the namespace.
			s.values = strings.NewReplacer(append(values, "{all}", "resource-class="+url.QueryEscape(i.resourceClass))...)
		}
		routed := s.routed()
		results = append(results, routed)
		for _, f := range facts {
			r := result{outcome: cannotTell, detail: "needs API " + string(s.version)}
			switch {
			case f.only != "" && f.only != s.version:
				continue
			case routed.outcome == holds:
				r = s.check(f)
			}
			r.claim = string(s.version) + ": " + f.claim
			results = append(results, r)
		}
	}
	// To provoke a rate limit would affect others, so this is about those that the requests encounter.
	limits := result{claim: "429 carries Retry-After", outcome: cannotTell, detail: "no request was rate limited"}
	for _, got := range s.responses {
		if got.status == http.StatusTooManyRequests && limits.outcome != notHolds {
			limits.outcome, limits.detail = outcomeOf(true, got.retryAfter != ""), "Retry-After: "+got.retryAfter
		}
	}
	results = append(results, limits)
	client := i.newClient()
	for n := range results {
		results[n].detail = client.Sanitize(results[n].detail)
	}
	return results
}

// routed needs the other version to tell an API that is not routed from a resource class that does not exist.
func (s survey) routed() result {
	const target = "runner?resource-class={class}"
	got := s.get(target, "")
	r := result{claim: "API " + string(s.version) + " is routed", detail: got.detail}
	r.outcome = outcomeOf(got.isConclusive, got.status == http.StatusOK && got.isJSON)
	other := s
	other.version = map[circleci.APIVersion]circleci.APIVersion{circleci.V2: circleci.V3, circleci.V3: circleci.V2}[s.version]
	switch {
	case got.status == http.StatusUnauthorized, got.status == http.StatusForbidden:
		r.outcome = cannotTell
	case got.status == http.StatusNotFound && other.get(target, "").status != http.StatusOK:
		r.outcome = cannotTell
		r.detail += ", as for a resource class that does not exist or that the token may not see"
	}
	return r
}

func (s survey) check(f fact) result {
	target, want := s.values.Replace(f.get), max(f.status, http.StatusOK)
	if f.needs != "" && strings.Contains(target+"&", "=&") {
		return result{outcome: cannotTell, detail: "needs " + f.needs}
	}
	got := s.get(f.get, f.token)
	r := result{outcome: holds, detail: got.detail}
	switch {
	case !got.isConclusive:
		r.outcome = cannotTell
	case got.status != want, want == http.StatusOK && !got.isValid:
		r.outcome = notHolds
	case f.each != nil:
		r.outcome, r.detail = f.checkEach(got.runners)
	case f.verify != nil:
		r.outcome = outcomeOf(f.verify(s, got))
	}
	if r.outcome == notHolds && got.isValid {
		r.misleads = f.misleads
	}
	return r
}

func (f fact) checkEach(runners []runner) (outcome, detail string) {
	n, values := map[string]int{}, map[string]bool{}
	for _, runner := range runners {
		n[outcomeOf(f.each(runner))]++
		values[fmt.Sprint(runner[f.shows])] = true
	}
	outcome = outcomeOf(n[holds]+n[notHolds] > 0, n[notHolds] == 0)
	detail = fmt.Sprintf("%d of %d runners", n[outcome], len(runners))
	if f.shows != "" {
		detail += ": " + strings.Join(slices.Sorted(maps.Keys(values)), ", ")
	}
	return outcome, detail
}

func (s survey) get(target, token string) response {
	r := request{s.version, s.values.Replace(target), cmp.Or(token, s.token)}
	if _, found := s.responses[r]; !found {
		got, err := s.send(r)
		if err != nil {
			got = response{detail: err.Error()}
		}
		s.responses[r] = got
	}
	return s.responses[r]
}

// withoutRedirects follows no redirect, which could lead elsewhere with the token.
var withoutRedirects = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// members are the members of a body that are the list or the count, by path.
var members = map[string]string{"runner": "items", "runner/tasks": "unclaimed_task_count", "runner/tasks/running": "running_runner_tasks"}

func send(ctx context.Context, apiURL *url.URL, r request) (got response, err error) {
	path, query, _ := strings.Cut(r.target, "?")
	u := apiURL.JoinPath("api", string(r.version), path)
	u.RawQuery = query
	sent, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return got, err
	}
	sent.Header.Set("User-Agent", userAgent)
	if r.token != noToken {
		sent.Header.Set("Circle-Token", r.token)
	}
	received, err := withoutRedirects.Do(sent)
	if err != nil {
		return got, err
	}
	defer received.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	content, err := io.ReadAll(io.LimitReader(received.Body, maxBodyBytes))
	if err != nil {
		return got, err
	}
	var body map[string]json.RawMessage
	got.status, got.retryAfter = received.StatusCode, received.Header.Get("Retry-After")
	got.isConclusive = !circleci.IsRetryable(&circleci.StatusError{StatusCode: got.status})
	got.isJSON = json.Unmarshal(content, &body) == nil
	_ = json.Unmarshal(body["message"], &got.message)
	got.detail = fmt.Sprintf("%d %s %s", got.status, http.StatusText(got.status), got.message)
	if got.status != http.StatusOK {
		return got, nil
	}
	_, isPart := body["next_page_token"]
	value, target := body[members[path]], any(&got.n)
	if path == "runner" {
		target = &got.runners
	}
	got.isValid = !isPart && string(value) != "null" && json.Unmarshal(value, target) == nil && got.n >= 0
	got.n = max(got.n, len(got.runners))
	got.detail = fmt.Sprintf("200 OK, count: %d", got.n)
	if !got.isValid {
		got.detail = "200 OK, but the body is not the complete list or the count"
	}
	return got, nil
}

// TestFacts has a service for each kind of outcome. testdata/facts.txt has a column for each: whether a fact holds (yes), does
// not (no), does not and misleads (NO), or cannot be told (-).
func TestFacts(t *testing.T) {
	table := map[string]string{}
	empty := circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`)
	for _, service := range []map[string]http.Handler{ // by a pattern of the URLs for which the response is not as observed
		{},
		{"/v2/": circlecitest.Raw(404, "text/plain", "404 page not found\n")},
		{"/v3/": circlecitest.Raw(200, "text/html", "<!doctype html><title>Sign in</title>")},
		{"/v3/": circlecitest.Error(403, "Permission denied")},
		{"runner.resource-class=acme%2Flinux$": empty}, // whatever the token is
		{"runner$": circlecitest.WithHeader(circlecitest.Error(429, "Slow down"), "Retry-After", "7")},
		{
			"never-made|ACME": empty,
			"runner$":         circlecitest.Raw(400, "text/html", "<html><title>Bad Request</title>"),
			"[?]namespace": circlecitest.JSON(`{"items": [{"version": "` + circlecitest.PersonalToken + `", "status": "gone",
				"last_used": "0001-01-01T00:00:00Z"}]}`),
		},
	} {
		server, i := loopback(t)
		server.Intercept(func(r *http.Request) http.Handler {
			if r.Method != http.MethodGet {
				t.Errorf("the server received %s %s: facts only read", r.Method, r.URL)
			}
			for pattern, response := range service {
				if regexp.MustCompile(pattern).MatchString(r.URL.String()) {
					return response
				}
			}
			return nil
		})
		for _, f := range i.survey(t.Context()) {
			outcome := map[string]string{holds: "yes", notHolds: "no", cannotTell: "-"}[f.outcome]
			if f.misleads != "" {
				outcome = "NO"
			}
			table[f.claim] += fmt.Sprintf("%-4s", outcome)
			if strings.Contains(f.detail, i.token) {
				t.Errorf("%q shows the token: %q", f.claim, f.detail)
			}
		}
	}
	var got strings.Builder
	for _, claim := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&got, "%s %s\n", table[claim], claim)
	}
	want, err := os.ReadFile("testdata/facts.txt")
	if err != nil || got.String() != string(want) {
		t.Errorf("the outcomes are not as in testdata/facts.txt, but\n%s", &got)
	}
}
