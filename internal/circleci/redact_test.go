package circleci_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Its characters are written differently in URLs, JSON, HTML and both alphabets of base64.
const oddSecret = "~?>~?>/S3cret+%2Fvery%3Dsecret/~?>~?>"

// escaped writes each character of a text in a format such as %%%02x.
func escaped(format, text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

// encodings returns what a server may turn a secret into, by the name of the form.
func encodings(secret string) map[string]string {
	decoded, err := url.PathUnescape(secret)
	if err != nil {
		panic(err)
	}
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err)
	}
	query := url.QueryEscape(secret)
	forms := map[string]string{
		"query":               query,
		"query, lower case":   escaped("%%%02x", secret),
		"query, mixed case":   strings.ReplaceAll(query, "%2F", "%2f"),
		"query, encoded":      url.QueryEscape(query),
		"path":                url.PathEscape(secret),
		"unescaped":           decoded,
		"JSON":                string(quoted),
		"JSON, slashes":       strings.ReplaceAll(secret, "/", `\/`),
		"JSON, all":           escaped(`\u%04x`, secret),
		"JSON in JSON":        strings.ReplaceAll(escaped(`\u%04X`, secret), `\`, `\\`),
		"HTML":                html.EscapeString(secret),
		"HTML, decimal":       escaped("&#%d;", secret),
		"HTML, hexadecimal":   escaped("&#x%x;", secret),
		"interrupted":         secret[:5] + "\x1b[1m\u200b" + secret[5:],
		"base64 in a query":   url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"base64 of unescaped": base64.StdEncoding.EncodeToString([]byte(decoded)),
		"base64, wrapped":     base64.StdEncoding.EncodeToString([]byte(secret))[:20] + "\n" + base64.StdEncoding.EncodeToString([]byte(secret))[20:],
	}
	for name, encoding := range map[string]*base64.Encoding{
		"base64": base64.StdEncoding, "base64 raw": base64.RawStdEncoding, "base64 URL": base64.URLEncoding, "base64 URL raw": base64.RawURLEncoding,
	} {
		for _, prefix := range []string{"", "u:", "user:", "Circle-Token: "} {
			for _, suffix := range []string{"", ":", "\n"} {
				forms[fmt.Sprintf("%s of %s…%q", name, prefix, suffix)] = encoding.EncodeToString([]byte(prefix + secret + suffix))
			}
		}
	}
	return forms
}

// newClientOf returns a client with a credential of its own.
func newClientOf(t *testing.T, server *circlecitest.Server, credential circleci.Credential) *circleci.Client {
	t.Helper()
	return newClient(t, server, func(config *circleci.Config) { config.Credential = credential })
}

func TestEncodedSecretIsRedacted(t *testing.T) {
	for _, credential := range credentials {
		t.Run(credential.name, func(t *testing.T) {
			server := startServer(t)
			client := newClientOf(t, server, credential.make(oddSecret))
			for form, text := range encodings(oddSecret) {
				want := redactedMessage
				if form == "interrupted" {
					want = "no " + redactedMessage + "!"
				}
				server.Enqueue(circlecitest.Error(401, "no "+text+"!"))
				_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
				equal(t, form+": message", errorOf[*circleci.StatusError](t, err).Message, want)
			}
		})
	}
}

const redactedMessage = "(redacted)"

// A server, or a proxy in front of it, may repeat what it received, anywhere in a response.
func TestEchoedTokenIsRedacted(t *testing.T) {
	const token = circlecitest.PersonalToken
	tests := []struct {
		name     string
		response http.Handler
		// want is a part of the error that shows that the words around the token were kept.
		want string
	}{
		{"API's message", circlecitest.Error(http.StatusUnauthorized, "bad token "+token+"!"), `401 Unauthorized: "bad token (redacted)!"`},
		{
			"JSON without a message", circlecitest.Raw(http.StatusForbidden, "application/json", `["`+token+`"]`),
			`403 Forbidden: "[\"(redacted)\"]"`,
		},
		{"plain text", circlecitest.Raw(http.StatusBadGateway, "text/plain", "Circle-Token: "+token), `: "Circle-Token: (redacted)"`},
		{"HTML title", circlecitest.Raw(http.StatusBadGateway, "text/html", "<title>No "+token+"</title>"), `: "No (redacted)"`},
		{
			"where a long message is cut", circlecitest.Error(http.StatusUnauthorized, strings.Repeat("x", 295)+token+" and more"),
			`: "` + strings.Repeat("x", 295) + `(reda…"`,
		},
		{"twice", circlecitest.Error(http.StatusUnauthorized, "(redacted) "+token+token), `: "(redacted) (redacted)(redacted)"`},
		{
			"target of a redirect", circlecitest.Redirect("http://" + token + ".example.com/" + token),
			"was redirected to http://(redacted).example.com:80, which",
		},
		{
			"broken redirect",
			circlecitest.WithHeader(circlecitest.Raw(http.StatusFound, "text/plain", ""), "Location", "http://[::1/"+token),
			"(redacted)",
		},
		{"status line", circlecitest.Bytes("HTTP/1.1-" + token + "\r\n\r\n"), `malformed HTTP response "HTTP/1.1-(redacted)"`},
		{"status code", circlecitest.Bytes("HTTP/1.1 " + token + " OK\r\n\r\n"), `malformed HTTP status code "(redacted)"`},
		{"header", circlecitest.Bytes("HTTP/1.1 200 OK\r\n" + token + "\r\n\r\n"), `missing colon: "(redacted)"`},
		{"length", circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n"), `bad Content-Length "(redacted)"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := startServer(t)
			var attempts record
			server.SetHandler(circlecitest.WithHeader(test.response, "X-Request-Id", "id-"+token))
			_, err := newClient(t, server, attempts.keep).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
			if err == nil {
				t.Fatal("got no error")
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				if text := fmt.Sprintf(verb, err) + fmt.Sprintf(verb, attempts.last(t)); strings.Contains(text, token[:12]) {
					t.Errorf("%s shows the token: %s", verb, text)
				}
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %s\nwant a part %s", err, test.want)
			}
		})
	}
}

// What a runner is called would get into a state.
func TestResponseThatContainsTheCredential(t *testing.T) {
	const token = circlecitest.PersonalToken
	tests := map[string]string{
		"plain": token, "JSON": escaped(`\u%04x`, token), "query": escaped("%%%02X", token),
		"base64": base64.StdEncoding.EncodeToString([]byte("Circle-Token: " + token)),
	}
	for name, text := range tests {
		server := startServer(t)
		server.SetHandler(circlecitest.JSON(`{"items":[{"resource_class":"acme/linux","name":"` + text + `"}]}`))
		got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
		equal(t, name+": runners", got, []circleci.Runner(nil))
		equal(t, name+": reason", errorOf[*circleci.ResponseError](t, err).Reason, "contains the credential that was sent")
		equal(t, name+": is retryable", circleci.IsRetryable(err), false)
	}
}

func TestRedactionGarblesNothing(t *testing.T) {
	tests := []struct{ name, token, message, want string }{
		{"a token that is too short to be one", "h", "this is how", "this is how"},
		{"seven characters", "forbids", "nobody forbids it", "nobody forbids it"},
		{"eight characters", "forbidst", "nobody forbidst it", "nobody (redacted) it"},
		{"a part of what replaces it", "redacted", "redacted (redacted)", "(redacted) (redacted)"},
		{"escapes of something else", "0123456789", "50% of a&b \\ c", "50% of a&b \\ c"},
	}
	for _, test := range tests {
		server := startServer(t)
		server.SetHandler(circlecitest.Error(401, test.message))
		_, err := newClientOf(t, server, circleci.PersonalToken(test.token)).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, test.name, err.Error(), calls[1].requestTo(server)+fmt.Sprintf(" returned 401 Unauthorized: %q", test.want))
	}
}
