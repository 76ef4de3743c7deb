package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	pathTransfer = "/account_transfers"
	pathPayout   = "/payouts"
	referenceMax = 47 // bytes of a bank's reference in a record
)

// bank is how the bank of ops/banks/rest-idempotency-key.yaml is spoken to.
type bank struct {
	address    string
	collection string
	currency   string
	timeout    time.Duration
	transport  *http.Transport // nil: each client has a connection of its own
}

func openBank(s *settings, currency string) *bank {
	b := &bank{address: s.bankAddress, collection: s.collection, currency: currency,
		timeout: s.callTimeout}
	if s.client == "transport" {
		b.transport = newTransport(s.connections)
	}
	return b
}

// caller makes one call at a time. The body it returns holds until the next one.
type caller interface {
	call(method, path, key string, body []byte) (status int, answer []byte, err error)
}

// client is one worker's.
type client struct {
	bank   *bank
	caller caller
}

func (b *bank) client() *client {
	if b.transport != nil {
		return &client{bank: b, caller: newTransportCaller(b)}
	}
	return &client{bank: b, caller: newConnectionCaller(b)}
}

func hexKey(key *[16]byte) string { return hex.EncodeToString(key[:]) }

func appendAll(b []byte, texts ...string) []byte {
	for _, text := range texts {
		b = append(b, text...)
	}
	return b
}

func appendTraceparent(b []byte, key string) []byte {
	return appendAll(b, "00-", key, "-", key[:16], "-01")
}

func (t *transfer) path() string {
	if t.step == stepPayout {
		return pathPayout
	}
	return pathTransfer
}

// appendText adds a JSON string, escaped as daybook escapes it.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	for i := 0; i < len(text); i++ {
		if text[i] == '"' || text[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, text[i])
	}
	return append(b, '"')
}

func refuseControls(texts ...string) error {
	for _, text := range texts {
		for i := 0; i < len(text); i++ {
			if text[i] < 0x20 || text[i] == 0x7f {
				return errors.New("a control byte in an account's names")
			}
		}
	}
	return nil
}

// render makes the body of the next transfer, and the digest that its intent keeps.
func (b *bank) render(s *settlement) error {
	t := &s.next
	err := refuseControls(s.account, s.payoutBank, s.payoutTo, s.holder, b.collection)
	if err != nil {
		return err
	}
	key := hexKey(&t.key)
	// The digest is over the request line, the profile's headers, the key and the body.
	whole := make([]byte, 0, 512)
	whole = appendAll(whole, "POST ", t.path(), "\r\nIdempotency-Key: ", key, "\r\ntraceparent: ")
	whole = appendTraceparent(whole, key)
	whole = appendAll(whole, "\n", key, "\n")
	bodyAt := len(whole)
	whole = appendText(append(whole, `{"account_id":`...), s.account)
	step := "collect"
	if t.step == stepCollect {
		t.to = b.collection
		whole = appendText(append(whole, `,"destination_account_id":`...), t.to)
	} else {
		t.to = s.payoutTo
		step = "payout"
		whole = appendText(append(whole, `,"destination":{"bank":`...), s.payoutBank)
		whole = appendText(append(whole, `,"account_number":`...), t.to)
		whole = appendText(append(whole, `,"holder_name":`...), s.holder)
		whole = append(whole, '}')
	}
	whole = strconv.AppendInt(append(whole, `,"amount":`...), t.amount, 10)
	whole = appendAll(whole, `,"currency":"`, b.currency, `","description":"daybook `, step, `"}`)
	t.digest = sha256.Sum256(whole)
	t.body = whole[bodyAt:]
	return nil
}

func (c *client) balance(account string) (int64, error) {
	var answer struct {
		Account   string `json:"account_id"`
		Available *int64 `json:"available_balance"`
		Currency  string `json:"currency"`
	}
	status, body, err := c.caller.call("GET", "/accounts/"+account+"/balance", "", nil)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != 200 {
		return 0, fmt.Errorf("the bank told no balance: status %d, %q", status, body)
	}
	if answer.Account != account || answer.Available == nil || answer.Currency != c.bank.currency {
		return 0, fmt.Errorf("the bank's balance is of another account: %q", body)
	}
	return *answer.Available, nil
}

// transfer sends the intended one. Whatever is not a whole answer that accepts just this transfer
// is an error, and in doubt.
func (c *client) transfer(s *settlement) (reference string, err error) {
	var answer struct {
		Reference string `json:"id"`
		State     string `json:"status"`
		Key       string `json:"idempotency_key"`
		From      string `json:"account_id"`
		To        string `json:"destination_account_id"`
		ToNumber  string `json:"destination_account_number"`
		Amount    int64  `json:"amount"`
		Currency  string `json:"currency"`
		Fee       int64  `json:"fee"`
	}
	t := &s.next
	key := hexKey(&t.key)
	status, body, err := c.caller.call("POST", t.path(), key, t.body)
	if err != nil {
		return "", err
	}
	err = json.Unmarshal(body, &answer)
	if err != nil || status != 200 || answer.State != "complete" {
		return "", fmt.Errorf("the bank did not accept: status %d, %q", status, body)
	}
	if t.step == stepPayout {
		answer.To = answer.ToNumber
	}
	if answer.Key != key || answer.From != s.account || answer.To != t.to ||
		answer.Amount != t.amount || answer.Currency != c.bank.currency || answer.Fee != 0 ||
		answer.Reference == "" || len(answer.Reference) > referenceMax ||
		refuseControls(answer.Reference) != nil {
		return "", fmt.Errorf("the bank's answer is of another transfer: %q", body)
	}
	return answer.Reference, nil
}
