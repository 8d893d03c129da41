package circleci_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// A response that cannot be decompressed gives no result, not even a part of it.
func TestGzip(t *testing.T) {
	var compressed bytes.Buffer
	compressor := gzip.NewWriter(&compressed)
	_, _ = io.WriteString(compressor, goodTasks)
	_ = compressor.Close()
	for name, test := range map[string]struct {
		corrupt func([]byte) []byte
		want    string
	}{
		"good":           {corrupt: func(p []byte) []byte { return p }},
		"not compressed": {func([]byte) []byte { return []byte(goodTasks) }, "gzip: invalid header"},
		"truncated":      {func(p []byte) []byte { return p[:len(p)-9] }, "closed in the middle of the response"},
		"checksum":       {func(p []byte) []byte { p[len(p)-5] ^= 1; return p }, "gzip: invalid checksum"},
	} {
		body := string(test.corrupt(bytes.Clone(compressed.Bytes())))
		_, client := serve(t, circlecitest.WithHeader(circlecitest.JSON(body), "Content-Encoding", "gzip"))
		got := <-countTasks(t.Context(), client)
		assertContains(t, errorText(got.err), test.want)
		equal(t, name, got.count == 42, test.want == "")
	}
}

// No test runs in parallel, because this one measures what the process allocates.
func TestMaxBody(t *testing.T) {
	const (
		limit = 32 << 20
		// A buffer that grows to the limit is copied several times, which adds up to five times the limit.
		maxAllocated = 6 * limit
		tooLarge     = ": the response is larger than the limit of 32 MiB"
	)
	failed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		circlecitest.LargeBody(`{"message":"a"}`, 4<<30).ServeHTTP(w, r)
	})
	for name, test := range map[string]struct {
		response http.Handler
		want     string
	}{
		"at the limit":   {response: circlecitest.LargeBody(goodTasks, int64(limit-len(goodTasks)))},
		"over the limit": {circlecitest.LargeBody(goodTasks, int64(limit-len(goodTasks)+1)), tooLarge},
		"in a string":    {circlecitest.LargeBody(goodTasks[:5], 4<<30), tooLarge},
		"compressed":     {circlecitest.GzipBody(goodTasks, 4<<30), tooLarge},
		"error":          {failed, `404 Not Found: "a"`},
	} {
		server := startServer(t)
		server.SetHandler(test.response)
		client := newClient(t, server, withRetries(circleci.DefaultMaxRetries))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := <-countTasks(t.Context(), client)
		runtime.ReadMemStats(&after)
		assertSuffix(t, errorText(got.err), test.want)
		equal(t, name, got.count == 42, test.want == "")
		equal(t, name+": requests", len(server.Requests()), 1)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > maxAllocated {
			t.Errorf("%s: allocated %d MiB, want at most %d MiB", name, allocated>>20, maxAllocated>>20)
		}
	}
}
