// Package runnerlist makes the lists of runners that are measured: as long as wanted, and the same in every run.
package runnerlist

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Namespace is the namespace of every listed runner.
const Namespace = "acme"

// Class is the name of a resource class, counted from 0.
func Class(i int) string { return fmt.Sprintf("%s/pool-%03d", Namespace, i) }

// JSON is an answer that lists n runners of so many classes. Every field is there, as of ephemeral runners: the names
// are all different and in no order, so that there is something to sort, and one in four was never used.
func JSON(n, classes int) []byte {
	begin := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return begin.Add(d).Format(time.RFC3339) }
	runners := make([]circlecitest.Runner, n)
	for i := range runners {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		id := hex.EncodeToString(sum[:6])
		age := time.Duration(i) * time.Second
		runners[i] = circlecitest.Runner{
			ResourceClass:  Class(i % classes),
			Hostname:       "ip-10-0-" + id + ".ec2.internal",
			Name:           "ephemeral-" + id,
			FirstConnected: at(age),
			LastConnected:  at(age + time.Hour),
			Version:        fmt.Sprintf("3.1.%d", i%5),
		}
		if i%4 != 0 {
			used := at(age + time.Minute)
			runners[i].LastUsed = &used
		}
	}
	body, err := json.Marshal(map[string]any{"items": runners})
	if err != nil {
		panic(err) // Only a list that this package made wrongly cannot be encoded.
	}
	return body
}

// Answer answers with a list that was made before. It costs as little as it can, because what the server needs is not
// what is to be measured, and the server runs in the same process.
func Answer(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}
