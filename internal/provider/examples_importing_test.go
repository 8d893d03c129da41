package provider_test

import (
	"fmt"
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// importingExample imports as many classes and tokens as were seen in one installation, by the configuration that the
// query generates.
func importingExample() exampleTest {
	const classes, tokens = 112, 133
	listings := func(x *example) {
		if got := len(x.server.Requests()); got != 1+classes {
			x.t.Errorf("%d requests were sent, want %d", got, 1+classes)
		}
		expectMutations(x.t, x.server)
	}
	return exampleTest{directory: "importing", terraform: "1.14", steps: []exampleStep{
		{
			before: func(x *example) {
				var allClasses []circlecitest.ResourceClass
				for i := range classes {
					allClasses = append(allClasses, circlecitest.ResourceClass{
						ResourceClass: fmt.Sprintf("acme/class-%d", i),
						Description:   strings.Repeat("Linux", i%2), // Half of them have none.
					})
				}
				var allTokens []circlecitest.Token
				for i := range tokens {
					class := allClasses[i%classes].ResourceClass
					allTokens = append(allTokens, circlecitest.Token{ResourceClass: class, Nickname: strings.Repeat("ci", i%2)})
				}
				x.server.SetResourceClasses(allClasses...)
				x.server.SetTokens(allTokens...)
			},
			run:   func(x *example) { x.succeed("query", "-generate-config-out=imported.tf") },
			after: listings,
		},
		{
			run: func(x *example) {
				printed := x.succeed("apply", "-auto-approve", "-no-color")
				expectLines(x.t, printed, fmt.Sprintf("Resources: %d imported, 0 added, 0 changed, 0 destroyed.", classes+tokens))
			},
			after: listings,
		},
		{run: func(x *example) { x.expectEmptyPlan(true) }, after: listings},
	}}
}
