package circleci_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestCheckSecret(t *testing.T) {
	t.Parallel()
	const (
		space   = "holds white space, such as a line break that was pasted along"
		control = "holds a control character"
	)
	tests := []struct{ secret, want string }{
		{"CCIPAT_0123456789abcdef", ""},
		{"x", ""},
		{"with:colon/slash=+~", ""},
		{"", "is empty"},
		{"secret\n", space},
		{"secret\r\n", space},
		{" secret", space},
		{"sec\tret", space},
		{"secret\u00a0", space},
		{"sec\x00ret", control},
		{"\x1b[31msecret", control},
		{"secret\u0090", control},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%q", test.secret), func(t *testing.T) {
			t.Parallel()
			equal(t, "what is wrong", circleci.ValidateSecret(test.secret), test.want)
		})
	}
}

// credentials are the four kinds. Their header's value is made from the secret.
var credentials = []struct {
	name   string
	make   func(secret string) circleci.Credential
	header string
	value  func(secret string) string
}{
	{"personal token", circleci.PersonalToken, "Circle-Token", func(secret string) string { return secret }},
	{"Basic", circleci.BasicToken, "Authorization", func(secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(secret+":"))
	}},
	{"launch token", circleci.LaunchToken, "Authorization", func(secret string) string { return "Bearer " + secret }},
	{"session cookie", circleci.SessionCookie, "Cookie", func(secret string) string { return "ring-session=" + secret }},
}

func TestCredentialIsSentInItsHeaderAndNoOther(t *testing.T) {
	t.Parallel()
	for _, credential := range credentials {
		// The second has what base64 writes with + and /, and what a URL or a cookie would escape.
		for _, secret := range []string{"CCIPAT_0123456789abcdef", "~?>~?>/+=%2F&;,"} {
			t.Run(credential.name+"/"+secret, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(circlecitest.JSON(`{"unclaimed_task_count":42}`))
				client := newClient(t, server, func(config *circleci.Config) { config.Credential = credential.make(secret) })
				if _, err := client.UnclaimedTaskCount(t.Context(), "acme/linux"); err != nil {
					t.Fatal(err)
				}
				requests := server.Requests()
				equal(t, "number of requests", len(requests), 1)
				equal(t, "headers", requests[0].Header, http.Header{
					"Accept":          {"application/json"},
					"Accept-Encoding": {"gzip"},
					"User-Agent":      {"circleci-test/1.0"},
					credential.header: {credential.value(secret)},
				})
				equal(t, "query", requests[0].Query, url.Values{"resource-class": {"acme/linux"}})
			})
		}
	}
}

func TestServerTakesEachCredential(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"personal token": circlecitest.PersonalToken,
		"Basic":          circlecitest.PersonalToken,
		"launch token":   circlecitest.LaunchToken,
		"session cookie": circlecitest.SessionCookie,
	}
	for _, credential := range credentials {
		t.Run(credential.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetTasks("acme/linux", 42, 0)
			client := newClient(t, server, func(config *circleci.Config) {
				config.Credential = credential.make(secrets[credential.name])
			})
			got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, "error", errorText(err), "")
			equal(t, "count", got, int64(42))
		})
	}
}

func TestCredentialIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const token = "very-secret-token"
	credential := circleci.PersonalToken(token)
	config := circleci.Config{APIURL: parseURL(t, circleci.DefaultAPIURL), Credential: credential}
	values := map[string]any{
		"credential":            credential,
		"pointer to credential": &credential,
		"config":                config,
		"pointer to config":     &config,
		"client":                circleci.New(config),
		"slice":                 []circleci.Credential{credential},
		"unexported field":      struct{ credential circleci.Credential }{credential},
	}
	for name, value := range values {
		// %d and %t fit no credential, but a verb that does not fit still prints.
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			text := fmt.Sprintf(verb, value)
			for _, leak := range []string{token, fmt.Sprintf("%x", token), fmt.Sprintf("%X", token)} {
				if strings.Contains(text, leak) {
					t.Errorf("%s of a %s shows the token: %s", verb, name, text)
				}
			}
		}
	}
	equal(t, "%v", fmt.Sprintf("%v", credential), "(credential hidden)")
	equal(t, "%#v", fmt.Sprintf("%#v", credential), "(credential hidden)")
}

// A server, or a proxy in front of it, may repeat what it was sent.
func TestEchoedTokenIsRedacted(t *testing.T) {
	t.Parallel()
	const token = circlecitest.PersonalToken
	tests := []struct {
		name   string
		answer http.Handler
		// want is a part of the error that shows that the words around the token were kept.
		want string
	}{
		{
			"API's message", circlecitest.Error(http.StatusUnauthorized, "bad token "+token+"!"),
			`401 Unauthorized: "bad token (redacted)!"`,
		},
		{
			"JSON without a message", circlecitest.Raw(http.StatusForbidden, "application/json", `["`+token+`"]`),
			`403 Forbidden: "[\"(redacted)\"]"`,
		},
		{
			"plain text", circlecitest.Raw(http.StatusBadGateway, "text/plain", "Circle-Token: "+token),
			`plain text, not as the API does: "Circle-Token: (redacted)"`,
		},
		{
			"HTML title", circlecitest.Raw(http.StatusBadGateway, "text/html", "<title>No "+token+"</title>"),
			`an HTML page, not as the API does: "No (redacted)"`,
		},
		{
			"control characters inside of the token",
			circlecitest.Error(http.StatusUnauthorized, token[:5]+"\x1b[1m\u200b"+token[5:]),
			`401 Unauthorized: "(redacted)"`,
		},
		{
			"token where a long message is cut",
			circlecitest.Error(http.StatusUnauthorized, strings.Repeat("x", 295)+token+" and more"),
			`: "` + strings.Repeat("x", 295) + `(reda…"`,
		},
		{
			"plain text with status 200", circlecitest.JSON("hello " + token),
			`is plain text, not JSON: "hello (redacted)"`,
		},
		{
			"HTML title with status 200", circlecitest.JSON("<html><title>" + token + "</title>"),
			`its title is "(redacted)"`,
		},
		{
			"resource class of a runner", circlecitest.JSON(`{"items":[{"resource_class":"` + token + `/x","name":"one"}]}`),
			`resource class "(redacted)/x"`,
		},
		{
			"target of a redirect", circlecitest.Redirect("http://" + token + ".example.com/" + token),
			"was redirected to http://(redacted).example.com:80, which",
		},
		{
			"broken redirect",
			circlecitest.WithHeader(circlecitest.Raw(http.StatusFound, "text/plain", ""), "Location", "http://[::1/"+token),
			"(redacted)",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(test.answer)
			_, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
			if err == nil {
				t.Fatal("got no error")
			}
			for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
				if text := fmt.Sprintf(verb, err); strings.Contains(text, token) {
					t.Errorf("%s shows the token: %s", verb, text)
				}
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %s\nwant a part %s", err, test.want)
			}
		})
	}
}

// spellingsOf returns what a server may turn a secret into, by the name of the form.
func spellingsOf(secret string) map[string]string {
	decoded, err := url.PathUnescape(secret)
	if err != nil {
		panic(err)
	}
	forms := map[string]string{
		"raw":                 secret,
		"escaped for a query": url.QueryEscape(secret),
		"escaped for a path":  url.PathEscape(secret),
		"unescaped":           decoded,
		"slashes escaped":     strings.ReplaceAll(secret, "/", `\/`),
	}
	for name, encoding := range map[string]*base64.Encoding{
		"base64": base64.StdEncoding, "base64 raw": base64.RawStdEncoding,
		"base64 URL": base64.URLEncoding, "base64 URL raw": base64.RawURLEncoding,
	} {
		forms[name] = encoding.EncodeToString([]byte(secret))
		forms[name+" with a colon"] = encoding.EncodeToString([]byte(secret + ":"))
	}
	return forms
}

// raw sends these bytes instead of an HTTP answer and closes the connection.
func raw(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(connection, text)
		_ = connection.Close()
	})
}

func TestEchoedSecretIsRedactedInEverySpelling(t *testing.T) {
	t.Parallel()
	// Its length and characters make all spellings differ, which is checked.
	const secret = "~?>~?>/S3cret+%2Fvery%3Dsecret/~?>~?>"
	forms := spellingsOf(secret)
	texts := map[string]string{}
	for name, text := range forms {
		if other, found := texts[text]; found {
			t.Fatalf("%s and %s are both %s", name, other, text)
		}
		texts[text] = name
	}

	// Each place is given a text and returns the answer. What the client says of it ends in want.
	const html = "<html><head><title>%s</title></head></html>"
	places := []struct {
		name   string
		answer func(text string) http.Handler
		want   string
	}{
		{
			"the API's message", func(text string) http.Handler { return circlecitest.Error(401, "no "+text+"!") },
			`answered 401 Unauthorized: "no (redacted)!"`,
		},
		{
			"JSON without a message",
			func(text string) http.Handler { return circlecitest.Raw(403, "application/json", `["`+text+`"]`) },
			`answered 403 Forbidden: "[\"(redacted)\"]"`,
		},
		{
			"text", func(text string) http.Handler { return circlecitest.Raw(404, "text/plain", "no "+text+"!") },
			`answered 404 Not Found with plain text, not as the API does: "no (redacted)!"`,
		},
		{
			"the title of a page", func(text string) http.Handler { return circlecitest.Raw(502, "text/html", fmt.Sprintf(html, text)) },
			`answered 502 Bad Gateway with an HTML page, not as the API does: "(redacted)" (tried once in 0s)`,
		},
		{
			"text with status 200", func(text string) http.Handler { return circlecitest.JSON("no " + text) },
			`the answer is plain text, not JSON: "no (redacted)"`,
		},
		{
			"the title of a page with status 200",
			func(text string) http.Handler { return circlecitest.JSON(fmt.Sprintf(html, text)) },
			`the answer is an HTML page, not JSON; its title is "(redacted)"`,
		},
		{
			"HTTP: a status line without a status", func(text string) http.Handler { return raw("HTTP/1.1-" + text + "\r\n\r\n") },
			`malformed HTTP response "HTTP/1.1-(redacted)"`,
		},
		{
			"HTTP: the version in a status line", func(text string) http.Handler { return raw(text + " 200 OK\r\n\r\n") },
			`malformed HTTP version "(redacted)"`,
		},
		{
			"HTTP: the code in a status line", func(text string) http.Handler { return raw("HTTP/1.1 " + text + " OK\r\n\r\n") },
			`malformed HTTP status code "(redacted)"`,
		},
		{
			"HTTP: a header that is none", func(text string) http.Handler { return raw("HTTP/1.1 200 OK\r\n" + text + "\r\n\r\n") },
			`malformed MIME header: missing colon: "(redacted)"`,
		},
		{
			"HTTP: a length that is none",
			func(text string) http.Handler { return raw("HTTP/1.1 200 OK\r\nContent-Length: " + text + "\r\n\r\n") },
			`bad Content-Length "(redacted)"`,
		},
		{
			"HTTP: the target of a redirect",
			func(text string) http.Handler {
				return circlecitest.WithHeader(circlecitest.Raw(302, "text/html", ""), "Location", "http://%zz/"+text)
			},
			`parse "http://%zz/(redacted)": invalid URL escape "%zz"`,
		},
		{
			"the request's id",
			func(text string) http.Handler {
				return circlecitest.WithHeader(circlecitest.Error(404, "not found"), "X-Request-Id", "id-"+text)
			},
			`answered 404 Not Found: "not found"; request id-(redacted)`,
		},
	}
	for _, credential := range credentials {
		for _, place := range places {
			t.Run(credential.name+"/"+place.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				var attempts record
				client := newClient(t, server, attempts.keep, func(config *circleci.Config) {
					config.Credential = credential.make(secret)
				})
				asked := 0
				for form, text := range forms {
					if form == "slashes escaped" && strings.HasPrefix(place.name, "HTTP: ") {
						continue // This is how some write JSON; net/http would escape its backslashes once more.
					}
					asked++
					server.Enqueue(place.answer(text))
					_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
					if err == nil {
						t.Fatalf("%s: got no error", form)
					}
					attempt := attempts.last(t)
					said := withoutElapsed(err)
					if attempt.RequestID != "" {
						said += "; request " + attempt.RequestID
					}
					if !strings.HasSuffix(said, place.want) {
						t.Errorf("%s: got %s\nwant it to end in %s", form, said, place.want)
					}
					// Other ways to print what the caller gets must not show more.
					for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
						for _, printed := range []string{fmt.Sprintf(verb, err), fmt.Sprintf(verb, attempt)} {
							for other, leak := range forms {
								if strings.Contains(printed, leak) {
									t.Errorf("%s: %s shows the secret %s: %s", form, verb, other, printed)
								}
							}
						}
					}
				}
				equal(t, "number of requests", len(server.Requests()), asked)
			})
		}
	}
}
