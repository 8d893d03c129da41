package circlecitest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Token is a runner token as the API lists it.
type Token struct {
	ID            string `json:"id"`
	ResourceClass string `json:"resource_class"`
	Nickname      string `json:"nickname"`
	// CreatedAt is an RFC 3339 date-time.
	CreatedAt string `json:"created_at"`
	// Secret is sent when the token is created, and never again.
	Secret string `json:"-"`
}

// SetTokens replaces all tokens that the server lists. Their order is the order of the response. A token without an ID
// or a time gets one.
func (s *Server) SetTokens(tokens ...Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.tokens = slices.Clone(tokens)
	for i := range s.resources.tokens {
		token := &s.resources.tokens[i]
		if token.ID == "" {
			token.ID = newUUID()
		}
		if token.CreatedAt == "" {
			token.CreatedAt = createdNow()
		}
	}
}

// Tokens returns the tokens that exist, in the order of their creation.
func (s *Server) Tokens() []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.resources.tokens)
}

func createdNow() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000000Z") }

func (s *Server) listTokens(r *http.Request) http.Handler {
	class := r.URL.Query().Get("resource-class")
	switch {
	case class == "":
		return Error(http.StatusBadRequest, "resource-class is required")
	case s.resources.findClass(class) < 0:
		return Error(http.StatusNotFound, "resource class not found")
	}
	items := []Token{}
	for _, token := range s.resources.tokens {
		if strings.EqualFold(token.ResourceClass, class) {
			items = append(items, token)
		}
	}
	return respondJSON(http.StatusOK, map[string]any{"items": items})
}

func (s *Server) createToken(r *http.Request) http.Handler {
	var body struct {
		ResourceClass string `json:"resource_class"`
		Nickname      string `json:"nickname"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		return Error(http.StatusBadRequest, "body not valid")
	}
	class := s.resources.findClass(body.ResourceClass)
	if class < 0 {
		return Error(http.StatusBadRequest, "no such resource class")
	}
	name, ofClass := s.resources.classes[class].ResourceClass, 0
	for _, token := range s.resources.tokens {
		if strings.EqualFold(token.ResourceClass, name) {
			ofClass++
		}
	}
	if ofClass >= s.resources.maxTokens {
		return Error(http.StatusForbidden, "too many tokens of the resource class")
	}
	token := Token{
		ID: newUUID(), ResourceClass: name, Nickname: body.Nickname, CreatedAt: createdNow(),
		Secret: "circlecitest-runner-token-" + newUUID(),
	}
	s.resources.tokens = append(s.resources.tokens, token)
	return respondJSON(http.StatusCreated, struct {
		Token
		Value string `json:"token"`
	}{token, token.Secret})
}

func (s *Server) deleteToken(id string) http.Handler {
	i := slices.IndexFunc(s.resources.tokens, func(t Token) bool { return strings.EqualFold(t.ID, id) })
	if i < 0 {
		return Error(http.StatusNotFound, "token not found")
	}
	s.resources.tokens = slices.Delete(s.resources.tokens, i, i+1)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}
