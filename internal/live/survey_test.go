package live_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const (
	requestTimeout = 30 * time.Second
	maxBodyBytes   = 1 << 20
	// badToken belongs to no user.
	badToken = "a-token-that-circleci-never-issued"
)

// survey sends requests to one installation.
type survey struct {
	installation

	http *http.Client
	// sanitize makes one line of what a server wrote, without the token.
	sanitize func(string) string
	// unknownClass is in the namespace of the class that exists.
	unknownClass string
	// responses are all so far.
	responses []response
}

func newSurvey(i installation) *survey {
	namespace, _, _ := strings.Cut(i.resourceClass, "/")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = proxy
	return &survey{
		installation: i, unknownClass: namespace + "/never-made-" + strings.ToLower(rand.Text()),
		sanitize: circleci.New(circleci.Config{APIURL: i.apiURL, Credential: circleci.PersonalToken(i.token)}).Sanitize,
		http: &http.Client{
			Transport: transport,
			Timeout:   requestTimeout,
			// A redirect is a response like any other; to follow it could take the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// proxy is the one from the environment. The error of net/http would repeat its URL, which may hold a password.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy in the environment is not a valid URL")
	}
	return u, nil
}

// response is what one request got.
type response struct {
	version, token, url string // of the request
	// failure says why there is no complete response; the other fields are then empty.
	failure string
	status  int
	header  http.Header
	// kind is what the body is, and text what it says to a user, where it is not the API's.
	kind, text string
	// message is the API's form of an error.
	message string
	// members are those of the body, when it is a JSON object.
	members map[string]json.RawMessage
	// isList says that the status is 200 and that the body lists runners; the three below say what it holds.
	isList       bool
	runners      []runner
	paged        bool
	otherMembers []string
}

// isInconclusive reports whether a response is about something else than the request: there is none, the service limits
// the rate, or it has a problem.
func (r response) isInconclusive() bool {
	return r.failure != "" || r.status == http.StatusTooManyRequests || r.status >= http.StatusInternalServerError
}

// get sends a request to one version of the API, with this token or without any, unless the same one was sent before.
// Filters are names and values in turn.
func (s *survey) get(ctx context.Context, version, token, endpoint string, filters ...string) response {
	query := url.Values{}
	for pair := range slices.Chunk(filters, 2) {
		query.Set(pair[0], pair[1])
	}
	u := s.apiURL.JoinPath("api", version, endpoint)
	u.RawQuery = query.Encode()
	for _, got := range s.responses {
		if got.url == u.String() && got.token == token {
			return got
		}
	}
	got := response{version: version, token: token, url: u.String()}
	if err := s.send(ctx, &got); err != nil {
		// url.Error repeats the URL, which says nothing new.
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		got.failure = err.Error()
	}
	s.responses = append(s.responses, got)
	return got
}

func (s *survey) send(ctx context.Context, got *response) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, got.url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "terraform-provider-circleci-testlive (+https://github.com/circleci-community/terraform-provider-circleci)")
	if got.token != "" {
		request.Header.Set("Circle-Token", got.token)
	}
	received, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer received.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	body, err := io.ReadAll(io.LimitReader(received.Body, maxBodyBytes+1))
	if err != nil {
		return err
	}
	if len(body) > maxBodyBytes {
		return fmt.Errorf("the response is larger than %d MiB", maxBodyBytes>>20)
	}
	got.status, got.header = received.StatusCode, received.Header
	got.decode(body)
	return nil
}

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

func (r *response) decode(body []byte) {
	text := strings.TrimSpace(string(body))
	switch {
	case text == "":
		r.kind = "an empty body"
	case json.Unmarshal(body, &r.members) == nil && r.members != nil:
		r.kind = "JSON"
		_ = json.Unmarshal(r.members["message"], &r.message) // Another type leaves it empty, which is what is meant.
	case json.Valid(body):
		r.kind = "JSON that is not an object"
	case text[0] == '<':
		r.kind = "an HTML page"
		if title := htmlTitle.FindStringSubmatch(text); title != nil {
			r.text = title[1]
		}
	default:
		r.kind, r.text = "plain text", text
	}
	if r.status != http.StatusOK || json.Unmarshal(r.members["items"], &r.runners) != nil || r.runners == nil {
		return
	}
	r.isList = true
	token := string(r.members["next_page_token"])
	r.paged = token != "" && token != "null" && token != `""`
	r.otherMembers = slices.DeleteFunc(slices.Sorted(maps.Keys(r.members)), func(name string) bool { return name == "items" })
}

var integer = regexp.MustCompile(`^[0-9]+$`)

// isCount reports whether the body has an integer of this name.
func (r response) isCount(name string) bool { return integer.Match(r.members[name]) }

// runner is a runner as the service lists it, with the members that it has.
type runner map[string]json.RawMessage

// has reports whether there is such a member that is not null.
func (r runner) has(key string) bool { return r[key] != nil && string(r[key]) != "null" }

// text returns a member that is a string; one of another type is empty, which no fact takes for a value.
func (r runner) text(key string) (value string) {
	_ = json.Unmarshal(r[key], &value)
	return value
}

// describe says what came back, in one line.
func (s *survey) describe(r response) string {
	if r.failure != "" {
		return s.sanitize(r.failure)
	}
	status := strings.TrimSpace(fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)))
	switch location := r.header.Get("Location"); {
	case r.isList:
		return fmt.Sprintf("%s, runners: %d", status, len(r.runners))
	case r.message != "":
		return fmt.Sprintf("%s: %q", status, s.sanitize(r.message))
	case r.status/100 == 3 && location != "":
		return status + " to " + s.sanitize(location)
	case r.text != "":
		return fmt.Sprintf("%s, %s %q", status, r.kind, s.sanitize(r.text))
	}
	return status + ", " + r.kind
}
