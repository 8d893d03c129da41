// Package circleci is a small client of CircleCI's Runner API: which self-hosted runners exist, and how many
// tasks wait for a resource class.
//
// The API is described at https://circleci.com/docs/api/v2/ (Runner) and, for version 3, at
// https://circleci.com/docs/guides/execution-runner/runner-api/. The client returns exactly the data of the
// service or an error: a response that is incomplete, ambiguous or not of the documented form is never turned into a
// number or a list.
package circleci
