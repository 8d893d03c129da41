package circlecitest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// LongListNamespace is the namespace of every runner of LongList.
const LongListNamespace = "acme"

// LongListClass is the name of a resource class of LongList, counted from 0.
func LongListClass(i int) string { return fmt.Sprintf("%s/pool-%03d", LongListNamespace, i) }

// LongList is the body of a list of n runners in the given number of classes, the same in every run. Every field but
// the status is set, as of ephemeral runners: the names are all different and in no order, so that there is something to
// sort, and one in four was never used.
func LongList(n, classes int) []byte {
	begin := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return begin.Add(d).Format(time.RFC3339) }
	runners := make([]Runner, n)
	for i := range runners {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		id := hex.EncodeToString(sum[:6])
		age := time.Duration(i) * time.Second
		runners[i] = Runner{
			ResourceClass: LongListClass(i % classes), Hostname: "ip-10-0-" + id + ".ec2.internal", Name: "ephemeral-" + id,
			FirstConnected: at(age), LastConnected: at(age + time.Hour), Version: fmt.Sprintf("3.1.%d", i%5),
			IP: fmt.Sprintf("10.0.%d.%d", sum[0], sum[1]),
		}
		if i%4 != 0 {
			runners[i].LastUsed = new(at(age + time.Minute))
		}
	}
	body, err := json.Marshal(map[string]any{"items": runners})
	must(err)
	return body
}

// Body responds with JSON that was made before. It costs as little as it can, because what the server needs is not what
// is to be measured, and the server may run in the same process.
func Body(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}
