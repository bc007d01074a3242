package server

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// A role of ours has a password of its own, so that the administrator's is in no URL
// that code under test gets. It follows from the administrator's, so that all
// processes know it and nothing has to keep it.
func (s *Server) password(role string) string {
	if s.baseConfig.Password == "" {
		return ""
	}
	return rolePassword(s.baseConfig.Password, role)
}

func rolePassword(admin, role string) string {
	return hex.EncodeToString(keyed([]byte(admin), "seedbed role "+role)[:16])
}

// verifier is what Postgres stores for the password, in the form that ALTER ROLE
// takes: a server that logs statements does not log the password. The salt follows
// from the password, so that the same one is recognised.
func verifier(password string) (string, error) {
	const iterations = 4096 // Postgres's own
	salt := keyed([]byte(password), "seedbed salt")[:16]
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("make a password: %w", err)
	}
	stored := sha256.Sum256(keyed(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, encode(salt), encode(stored[:]), encode(keyed(salted, "Server Key"))), nil
}

func keyed(key []byte, message string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return mac.Sum(nil)
}
