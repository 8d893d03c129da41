package circleci

import (
	"errors"
	"fmt"
	"strings"
)

// decodeList reads a response such as {"items": [{"id": "…", …}, …]}, of which each item has an ID of its own.
func decodeList[T any](body []byte, item func(d *decoder, where jsonPath) (T, error), id func(T) string) ([]T, error) {
	d, items, known := newDecoder(body), []T{}, map[string]bool{}
	err := d.list(func(index int) error {
		value, err := item(d, jsonPath(index))
		if err != nil {
			return err
		}
		key := strings.ToLower(id(value))
		if known[key] {
			return fmt.Errorf("lists the ID %s twice", id(value))
		}
		known[key] = true
		items = append(items, value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// decodeObject reads a response that is one object.
func decodeObject[T any](body []byte, object func(d *decoder, where jsonPath) (T, error)) (T, error) {
	var nothing T
	d := newDecoder(body)
	value, err := object(d, rootPath)
	if err == nil {
		err = d.expectEOF()
	}
	if err != nil {
		return nothing, err
	}
	return value, nil
}

var resourceClassKeys = []string{"id", "resource_class", "description"}

func (d *decoder) resourceClass(where jsonPath) (ResourceClass, error) {
	fields, err := d.stringFields(where, resourceClassKeys)
	if err != nil {
		return ResourceClass{}, err
	}
	class := ResourceClass{ID: fields[0], ResourceClass: fields[1], Description: fields[2]}
	return class, checkID(class.ID, where)
}

var tokenKeys = []string{"id", "resource_class", "nickname", "created_at", "token"}

// token reads a token as a listing has it.
func (d *decoder) token(where jsonPath) (Token, error) {
	fields, err := d.stringFields(where, tokenKeys[:4])
	if err != nil {
		return Token{}, err
	}
	return newToken(fields, where)
}

// createdToken is a token as it is when it was created.
type createdToken struct {
	Token
	secret string
}

func (d *decoder) createdToken(where jsonPath) (createdToken, error) {
	fields, err := d.stringFields(where, tokenKeys)
	if err != nil {
		return createdToken{}, err
	}
	if fields[4] == "" {
		return createdToken{}, errors.New("has an empty token, which is the secret")
	}
	token, err := newToken(fields, where)
	return createdToken{token, fields[4]}, err
}

func newToken(fields []string, where jsonPath) (Token, error) {
	token := Token{ID: fields[0], ResourceClass: fields[1], Nickname: fields[2], CreatedAt: fields[3]}
	if _, err := ParseTime(token.CreatedAt); err != nil {
		return Token{}, fmt.Errorf("has %q for %s, which is not an RFC 3339 date-time", token.CreatedAt, where.of("created_at"))
	}
	return token, checkID(token.ID, where)
}

func checkID(id string, where jsonPath) error {
	if !IsUUID(id) {
		return fmt.Errorf("has %q for %s, which is not a UUID", id, where.of("id"))
	}
	return nil
}

// stringFields reads an object that has all of the keys. A description or a nickname that is null is empty; no other field
// may be null.
func (d *decoder) stringFields(where jsonPath, keys []string) ([]string, error) {
	fields := make([]string, len(keys))
	seen, err := d.object(where, keys, func(key int) error {
		value, err := d.optionalString(where, keys[key])
		switch {
		case err != nil:
			return err
		case value != nil:
			fields[key] = *value
		case keys[key] != "description" && keys[key] != "nickname":
			return fmt.Errorf("has null for %s, not a string", where.of(keys[key]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for key := range keys {
		if !seen.has(key) {
			return nil, fmt.Errorf("has no %s", where.of(keys[key]))
		}
	}
	return fields, nil
}
