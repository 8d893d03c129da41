package live

import (
	"context"
	"crypto/rand"
	"encoding/base64"
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
	"unicode"
)

const (
	requestTimeout = 30 * time.Second
	maxBodyBytes   = 1 << 20
	// maxText is how many characters of a server's words go into a detail.
	maxText = 100
	// badToken is nobody's.
	badToken = "a-token-that-circleci-never-issued"
)

// survey asks one installation.
type survey struct {
	Installation

	http *http.Client
	hide *strings.Replacer
	// unknownClass lies in the namespace of the class that exists.
	unknownClass string
	// limited are the answers with status 429.
	limited []answer
}

func newSurvey(i Installation) *survey {
	namespace, _, _ := strings.Cut(i.ResourceClass, "/")
	s := &survey{Installation: i, unknownClass: namespace + "/never-made-" + strings.ToLower(rand.Text())}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = proxy
	s.http = &http.Client{
		Transport: transport,
		Timeout:   requestTimeout,
		// A redirect is an answer like any other; to follow it could take the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var pairs []string
	// A server may repeat the token as it was sent, in a URL, or as a user name of Basic authentication.
	for _, spelling := range []string{
		i.Token, url.QueryEscape(i.Token), base64.StdEncoding.EncodeToString([]byte(i.Token)),
		base64.StdEncoding.EncodeToString([]byte(i.Token + ":")),
	} {
		pairs = append(pairs, spelling, "(redacted)")
	}
	s.hide = strings.NewReplacer(pairs...)
	return s
}

// proxy is the one from the environment. The error of net/http would repeat its URL, which may hold a password.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy in the environment is not a valid URL")
	}
	return u, nil
}

// answer is what came back for one question.
type answer struct {
	// failure says why no whole answer came; the other fields are then empty.
	failure string
	status  int
	header  http.Header
	// kind is what the body is, and text what it says to a person, where it is not the API's.
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

// isInconclusive tells whether an answer is about something else than the question: none came, the service limits how
// often it may be asked, or it has a problem.
func (a answer) isInconclusive() bool {
	return a.failure != "" || a.status == http.StatusTooManyRequests || a.status >= http.StatusInternalServerError
}

// ask sends a question to one version of the API, with this token or without any.
func (v *version) ask(ctx context.Context, token, endpoint string, query url.Values) answer {
	u := v.APIURL.JoinPath("api", v.name, endpoint)
	u.RawQuery = query.Encode()
	got, err := v.get(ctx, token, u)
	if err != nil {
		// url.Error repeats the URL, which tells nothing.
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return answer{failure: err.Error()}
	}
	if got.status == http.StatusTooManyRequests {
		v.limited = append(v.limited, got)
	}
	return got
}

func (s *survey) get(ctx context.Context, token string, u *url.URL) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "terraform-provider-circleci-testlive (+https://github.com/circleci-community/terraform-provider-circleci)")
	if token != "" {
		request.Header.Set("Circle-Token", token)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.

	body, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes+1))
	if err != nil {
		return answer{}, err
	}
	if len(body) > maxBodyBytes {
		return answer{}, fmt.Errorf("the answer is larger than %d MiB", maxBodyBytes>>20)
	}
	return read(response.StatusCode, response.Header, body), nil
}

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

func read(status int, header http.Header, body []byte) answer {
	a := answer{status: status, header: header}
	text := strings.TrimSpace(string(body))
	switch {
	case text == "":
		a.kind = "an empty body"
	case json.Unmarshal(body, &a.members) == nil && a.members != nil:
		a.kind = "JSON"
		_ = json.Unmarshal(a.members["message"], &a.message) // Another type leaves it empty, which is what is meant.
	case json.Valid(body):
		a.kind = "JSON that is not an object"
	case text[0] == '<':
		a.kind = "an HTML page"
		if title := htmlTitle.FindStringSubmatch(text); title != nil {
			a.text = title[1]
		}
	default:
		a.kind, a.text = "plain text", text
	}
	if status == http.StatusOK {
		a.readList()
	}
	return a
}

var wholeNumber = regexp.MustCompile(`^[0-9]+$`)

// isCount tells whether the body has a whole number of this name.
func (a answer) isCount(name string) bool { return wholeNumber.Match(a.members[name]) }

func (a *answer) readList() {
	items, there := a.members["items"]
	if !there || json.Unmarshal(items, &a.runners) != nil || a.runners == nil {
		return
	}
	a.isList = true
	switch token := string(a.members["next_page_token"]); token {
	case "", "null", `""`:
	default:
		a.paged = true
	}
	a.otherMembers = slices.DeleteFunc(slices.Sorted(maps.Keys(a.members)), func(name string) bool { return name == "items" })
}

// runner is a runner as the service lists it, with the members that it has.
type runner map[string]json.RawMessage

func (r runner) isNull(key string) bool { return string(r[key]) == "null" }

// text returns a member that is a string, and whether there is a member that is not null.
func (r runner) text(key string) (value string, there bool) {
	raw, there := r[key]
	_ = json.Unmarshal(raw, &value) // Another type leaves it empty, which no fact takes for a value.
	return value, there && !r.isNull(key)
}

// describe says what came back, in one line.
func (s *survey) describe(a answer) string {
	if a.failure != "" {
		return s.readable(a.failure)
	}
	text := strings.TrimSpace(fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)))
	switch location := a.header.Get("Location"); {
	case a.isList:
		return fmt.Sprintf("%s, runners: %d", text, len(a.runners))
	case a.message != "":
		return fmt.Sprintf("%s: %q", text, s.readable(a.message))
	case a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest && location != "":
		return text + " to " + s.readable(location)
	}
	text += ", " + a.kind
	if a.text != "" {
		text += fmt.Sprintf(" %q", s.readable(a.text))
	}
	return text
}

// readable makes one line of what a server wrote: without control characters, without the token, and not too long.
func (s *survey) readable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = s.hide.Replace(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText]) + "…"
	}
	return text
}
