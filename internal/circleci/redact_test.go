package circleci_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Its characters are written differently in URLs and in base64.
const oddSecret = "~?>~?>/S3cret+%2Fvery%3Dsecret/~?>~?>"

func withCredential(credential circleci.Credential) func(*circleci.Config) {
	return func(config *circleci.Config) { config.Credential = credential }
}

func TestEncodedSecretIsRedacted(t *testing.T) {
	forms := map[string]string{
		"plain": oddSecret, "query": url.QueryEscape(oddSecret), "path": url.PathEscape(oddSecret),
		"Basic":     base64.RawStdEncoding.EncodeToString([]byte(oddSecret + ":")),
		"invisible": oddSecret[:5] + "\x1b\u200b" + oddSecret[5:],
	}
	for _, credential := range credentials {
		server, client := respond(t, nil, withCredential(credential.make(oddSecret)))
		for form, text := range forms {
			server.Enqueue(circlecitest.Error(401, "no "+text+"!"))
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, credential.name+", "+form, errorOf[*circleci.StatusError](t, err).Message, "no (redacted)!")
		}
	}
}

// A server, or a proxy in front of it, may repeat what it received, anywhere in a response.
func TestEchoedTokenIsRedacted(t *testing.T) {
	const token = circlecitest.PersonalToken
	raw := circlecitest.Raw
	// The part of the error shows that the words around the token were kept.
	for want, response := range map[string]http.Handler{
		`401 Unauthorized: "bad token (redacted)!"`:     circlecitest.Error(401, "bad token "+token+"!"),
		`403 Forbidden: "[\"(redacted)\"]"`:             raw(403, "application/json", `["`+token+`"]`),
		`: "Circle-Token: (redacted)"`:                  raw(502, "text/plain", "Circle-Token: "+token),
		`: "No (redacted)"`:                             raw(502, "text/html", "<title>No "+token+"</title>"),
		`: "` + strings.Repeat("x", 295) + `(reda…"`:    circlecitest.Error(401, strings.Repeat("x", 295)+token+" and more"),
		`: "(redacted) (redacted)(redacted)"`:           circlecitest.Error(401, "(redacted) "+token+token),
		"to http://(redacted).example.com:80, which":    circlecitest.Redirect("http://" + token + ".example.com/" + token),
		`http://[::1/(redacted)`:                        circlecitest.WithHeader(raw(302, "text/plain", ""), "Location", "http://[::1/"+token),
		`malformed HTTP response "HTTP/1.1-(redacted)"`: circlecitest.Bytes("HTTP/1.1-" + token + "\r\n\r\n"),
		`malformed HTTP status code "(redacted)"`:       circlecitest.Bytes("HTTP/1.1 " + token + " OK\r\n\r\n"),
		`missing colon: "(redacted)"`:                   circlecitest.Bytes("HTTP/1.1 200 OK\r\n" + token + "\r\n\r\n"),
		`bad Content-Length "(redacted)"`:               circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n"),
	} {
		t.Run(want, func(t *testing.T) {
			var attempts record
			_, client := respond(t, circlecitest.WithHeader(response, "X-Request-Id", "id-"+token), attempts.keep)
			_, err := client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				if text := fmt.Sprintf(verb, err) + fmt.Sprintf(verb, attempts.last(t)); strings.Contains(text, token[:12]) {
					t.Errorf("%s shows the token: %s", verb, text)
				}
			}
			if !strings.Contains(errorText(err), want) {
				t.Errorf("got error %v\nwant a part %s", err, want)
			}
		})
	}
}

// What a runner is called would get into a state.
func TestResponseContainsCredential(t *testing.T) {
	const token = circlecitest.PersonalToken
	for name, text := range map[string]string{"plain": token, "Basic": base64.StdEncoding.EncodeToString([]byte(token + ":"))} {
		got, err := listRunners(t, `{"items":[{"resource_class":"acme/linux","name":"`+text+`"}]}`)
		equal(t, name+": runners", got, []circleci.Runner(nil))
		equal(t, name+": reason", errorOf[*circleci.ResponseError](t, err).Reason, "contains the credential that was sent")
		equal(t, name+": is retryable", circleci.IsRetryable(err), false)
	}
}

func TestRedactionGarblesNothing(t *testing.T) {
	for _, test := range []struct{ name, token, message, want string }{
		{"a token that is too short to be one", "h", "this is how", "this is how"},
		{"seven characters", "forbids", "nobody forbids it", "nobody forbids it"},
		{"eight characters", "forbidst", "nobody forbidst it", "nobody (redacted) it"},
	} {
		server, client := respond(t, circlecitest.Error(401, test.message), withCredential(circleci.PersonalToken(test.token)))
		_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, test.name, err.Error(), calls[1].requestTo(server)+fmt.Sprintf(" returned 401 Unauthorized: %q", test.want))
	}
}

func TestQuote(t *testing.T) {
	_, client := respond(t, nil)
	for text, want := range map[string]string{
		"say \"no\"\x1b\u202e\xff":                            `"say \"no\"\x1b\u202e\xff"`,
		strings.Repeat("é", 301):                              `"` + strings.Repeat("é", 300) + `…"`,
		strings.Repeat("x", 295) + circlecitest.PersonalToken: `"` + strings.Repeat("x", 295) + `(reda…"`,
	} {
		equal(t, text, client.Quote(text), want)
	}
}
