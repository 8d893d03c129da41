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

// oddSecret has characters that are written differently in URLs and in base64.
const oddSecret = "~?>~?>/S3cret+%2Fvery%3Dsecret/~?>~?>"

func TestEncodedSecretIsRedacted(t *testing.T) {
	for _, credential := range credentials {
		for form, text := range map[string]string{
			"plain": oddSecret, "query": url.QueryEscape(oddSecret), "path": url.PathEscape(oddSecret),
			"Basic":     base64.RawStdEncoding.EncodeToString([]byte(oddSecret + ":")),
			"invisible": oddSecret[:5] + "\x1b\u200b" + oddSecret[5:],
		} {
			_, client := serve(t, circlecitest.Error(401, "no "+text+"!"), withCredential(credential.make(oddSecret)))
			err := (<-countTasks(t.Context(), client)).err
			equal(t, credential.name+", "+form, errorOf[*circleci.StatusError](t, err).Message, "no (redacted)!")
		}
	}
}

// A server, or a proxy in front of it, may repeat what it received, anywhere in a response.
func TestEchoedTokenIsRedacted(t *testing.T) {
	const token = circlecitest.PersonalToken
	raw := circlecitest.Raw
	for want, response := range map[string]http.Handler{ // The words around the token are kept.
		`403 Forbidden: "[\"(redacted)\"]"`:             raw(403, "application/json", `["`+token+`"]`),
		`: "Circle-Token: (redacted)"`:                  raw(502, "text/plain", "Circle-Token: "+token),
		`: "No (redacted)"`:                             raw(502, "text/html", "<title>No "+token+"</title>"),
		`: "` + strings.Repeat("x", 295) + `(reda…"`:    circlecitest.Error(401, strings.Repeat("x", 295)+token),
		"to http://(redacted).example.com:80, which":    circlecitest.Redirect("http://" + token + ".example.com/" + token),
		`http://[::1/(redacted)`:                        circlecitest.Redirect("http://[::1/" + token),
		`malformed HTTP response "HTTP/1.1-(redacted)"`: circlecitest.Bytes("HTTP/1.1-" + token + "\r\n\r\n"),
	} {
		var attempts recorder
		response = circlecitest.WithHeader(response, "X-Request-Id", "id-"+token)
		_, client := serve(t, response, attempts.record)
		err := (<-countTasks(t.Context(), client)).err
		assertContains(t, errorText(err), want)
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			if text := fmt.Sprintf(verb+verb, err, attempts.all()); strings.Contains(text, token[:12]) {
				t.Errorf("%s shows the token: %s", verb, text)
			}
		}
	}
}

// What a runner is called would get into a state.
func TestResponseContainsCredential(t *testing.T) {
	const token = circlecitest.PersonalToken
	for _, text := range []string{token, base64.StdEncoding.EncodeToString([]byte(token + ":"))} {
		got, err := listRunners(t, `{"resource_class":"acme/linux","name":"`+text+`"}`)
		equal(t, "runners", got, []circleci.Runner(nil))
		equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, "contains the credential that was sent")
	}
}

// What is too short to be a credential is not redacted, because that would garble messages.
func TestShortSecret(t *testing.T) {
	for token, want := range map[string]string{"forbids": `"nobody forbids it"`, "forbids ": `"nobody (redacted)it"`} {
		_, client := serve(t, circlecitest.Error(401, "nobody forbids it"), withCredential(circleci.PersonalToken(token)))
		assertSuffix(t, errorText((<-countTasks(t.Context(), client)).err), want)
	}
}

// A server's message is printed on a terminal, so it must not contain control sequences.
func TestSanitize(t *testing.T) {
	_, client := serve(t, nil)
	for text, want := range map[string]string{
		"\x1b[1;31mred\u009b0m\x07\x7f":       "[1;31mred0m",
		"a\u202eb\u2069\u200bc\ufeffd\u00ade": "abcde", // Invisible characters, which could reverse what follows.
		"a\r\n\r\n b\u2028c\u0085d\ve":        "a b c d e",
		"a\xffb\xc3":                          "ab",
		"Größe 日本語 😀 \"no\" \\":               "Größe 日本語 😀 \"no\" \\",
		strings.Repeat("é", 300):              strings.Repeat("é", 300),
		strings.Repeat("é", 301):              strings.Repeat("é", 300) + "…",
	} {
		equal(t, fmt.Sprintf("%q", text), client.Sanitize(text), want)
	}
	for text, want := range map[string]string{
		"say \"no\"\x1b\u202e\xff":                            `"say \"no\"\x1b\u202e\xff"`,
		strings.Repeat("x", 295) + circlecitest.PersonalToken: `"` + strings.Repeat("x", 295) + `(reda…"`,
	} {
		equal(t, text, client.Quote(text), want)
	}
}
