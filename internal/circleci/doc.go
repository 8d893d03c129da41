// Package circleci is a small client of CircleCI's Runner API: it lists self-hosted runners, counts the tasks of
// resource classes, and manages resource classes and runner tokens.
//
// The API is described at https://circleci.com/docs/api/v2/ (Runner) and, for version 3, at
// https://circleci.com/docs/guides/execution-runner/runner-api/. The client returns exactly the data of the
// service or an error: a response that is incomplete, ambiguous or not of the documented form is never turned into a
// number or a list.
package circleci
