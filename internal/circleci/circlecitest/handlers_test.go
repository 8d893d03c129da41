package circlecitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Each byte of a slow body is sent immediately.
func TestSlowBodyIsFlushed(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.Enqueue(circlecitest.SlowBody(time.Hour, "{}"))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	got := make([]byte, 2)
	n, err := response.Body.Read(got)
	equal(t, "error", err, nil)
	equal(t, "body", string(got[:n]), "{")
}
