package circleci

import (
	"context"
	"errors"
)

// ErrPersonalTokenRequired is returned for what the fleet API has, when the credential is not a personal token. Nothing
// was sent.
var ErrPersonalTokenRequired = errors.New("the fleet API accepts only a personal token")

// fleetCall returns a call to the fleet API: the part of version 3 with fleets, their agents, and resource classes that
// can change. It is a preview.
//
// Source: "Monitor self-hosted runner fleets", and CircleCI's own CLI.
func fleetCall(endpoint string) apiCall { return apiCall{endpoint: endpoint, isFleetAPI: true} }

// fleetAPI returns a handler that sends a call to the fleet API directly, because only version 3 has that API. It hands
// any other call to next.
func fleetAPI(credential Credential, direct, next handler) handler {
	return func(ctx context.Context, call apiCall) error {
		switch {
		case !call.isFleetAPI:
			return next(ctx, call)
		case !credential.isPersonal(): // It could be sent to another origin than the one that it is for.
			return ErrPersonalTokenRequired
		}
		call.version = V3
		return direct(ctx, call)
	}
}
