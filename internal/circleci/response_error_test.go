package circleci_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// An error has what the response says, whatever its form and its declared type are.
func TestStatusError(t *testing.T) {
	const isHTML, isText = " with an HTML page instead of JSON", " with plain text instead of JSON"
	for _, test := range []struct {
		kind       circleci.BodyKind
		body, want string
	}{
		{circleci.BodyJSON, `{"message":"oops"}`, `: "oops"`},
		{circleci.BodyJSON, `{"message":"","error":"oops"}`, `: "oops"`},
		{circleci.BodyJSON, `{"error":{"id":"7","type":"t","title":"Oops","detail":"It broke."}}`, `: "Oops: It broke."`},
		{circleci.BodyJSON, `{"error":{"title":"Oops","detail":"Oops"}}`, `: "Oops"`},
		{circleci.BodyJSON, `{"error":{"title":"Oops","detail":null}}`, `: "Oops"`},
		{circleci.BodyJSON, `{"error":{"id":7}}`, `: "{\"error\":{\"id\":7}}"`},
		{circleci.BodyJSON, `{"message":{"id":7}}`, `: "{\"message\":{\"id\":7}}"`},
		{circleci.BodyJSON, "{\n \"errors\": \"oops\"\n}", `: "{ \"errors\": \"oops\" }"`},
		{circleci.BodyJSON, `{"message":"oops`, `: "{\"message\":\"oops"`},
		{circleci.BodyHTML, "\n<html><title>Bad\n Gateway</title><body>nginx</body>", isHTML + `: "Bad Gateway"`},
		{circleci.BodyHTML, "<html><body>nginx</body></html>", isHTML},
		{circleci.BodyHTML, "<html>" + strings.Repeat("<title", 12_000) + "<title>late</title>", isHTML},
		{circleci.BodyText, "no healthy\r\n\tupstream\n", isText + `: "no healthy upstream"`},
		{circleci.BodyEmpty, " \n", ""},
	} {
		_, client := serve(t, circlecitest.Raw(404, "text/html", test.body))
		err := (<-countTasks(t.Context(), client)).err
		equal(t, "error", errorText(err), tasksRequest+" returned 404 Not Found"+test.want)
		equal(t, "kind of body", errorOf[*circleci.StatusError](t, err).Body, test.kind)
	}
	const truncated = "HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\npartial"
	_, client := serve(t, circlecitest.Bytes(truncated))
	assertSuffix(t, errorText((<-countTasks(t.Context(), client)).err), isText+`: "partial"`)
}

// A good body is not accepted with another status than 200. What is not transient is not retried, whatever Retry-After
// says.
func TestStatusIsNotAccepted(t *testing.T) {
	for _, code := range []int{201, 204, 206, 302, 304, 400, 401, 402, 403, 404, 405, 409, 410, 422, 451, 501, 505, 599} {
		body, kind := goodTasks, circleci.BodyJSON
		if code == 204 || code == 304 {
			body, kind = "", circleci.BodyEmpty
		}
		response := circlecitest.WithHeader(circlecitest.Raw(code, "application/json", body), "Retry-After", "1")
		server, client := serve(t, response, withRetries(4))
		got := <-countTasks(t.Context(), client)
		e := errorOf[*circleci.StatusError](t, got.err)
		equal(t, "status, count and kind of body", []any{e.StatusCode, got.count, e.Body}, []any{code, int64(0), kind})
		want := strings.TrimSpace(fmt.Sprintf("returned %d %s", code, http.StatusText(code)))
		assertContains(t, e.Error(), want)
		equal(t, "requests after "+strconv.Itoa(code), len(server.Requests()), 1)
	}
}
