package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const answerMax = 64 << 10

// ---- over net/http ----

func newTransport(connections int) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		MaxIdleConns:        connections,
		MaxIdleConnsPerHost: connections, // 2 by itself: then most calls would dial
		MaxConnsPerHost:     connections,
		DisableCompression:  true,
		ReadBufferSize:      4 << 10,
		WriteBufferSize:     4 << 10,
	}
}

type transportCaller struct {
	bank   *bank
	answer bytes.Buffer
}

func newTransportCaller(b *bank) *transportCaller { return &transportCaller{bank: b} }

func (c *transportCaller) call(method, path, key string, body []byte) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.bank.timeout)
	defer cancel()
	request := (&http.Request{
		Method: method,
		URL:    &url.URL{Scheme: "http", Host: c.bank.address, Path: path},
		Host:   c.bank.address,
		Header: http.Header{"User-Agent": {""}}, // sent by nobody else here
	}).WithContext(ctx)
	if method == "POST" {
		request.Header["Content-Type"] = []string{"application/json"}
		request.Header["Idempotency-Key"] = []string{key}
		request.Header["Traceparent"] = []string{string(appendTraceparent(nil, key))}
		request.ContentLength = int64(len(body))
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	response, err := c.bank.transport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	c.answer.Reset()
	if _, err := c.answer.ReadFrom(io.LimitReader(response.Body, answerMax)); err != nil {
		return 0, nil, err
	}
	return response.StatusCode, c.answer.Bytes(), nil
}

// ---- over a connection of the worker's own ----

// connectionCaller does without the two goroutines that net/http keeps for each connection: the
// worker writes the request and reads the answer itself.
type connectionCaller struct {
	bank    *bank
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	answer  []byte
}

func newConnectionCaller(b *bank) *connectionCaller {
	return &connectionCaller{bank: b, reader: bufio.NewReaderSize(nil, 4<<10)}
}

func (c *connectionCaller) call(method, path, key string, body []byte) (int, []byte, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.bank.address, 5*time.Second)
		if err != nil {
			return 0, nil, err
		}
		c.conn = conn
		c.reader.Reset(conn)
	}
	r := appendAll(c.request[:0], method, " ", path, " HTTP/1.1\r\nHost: ", c.bank.address)
	if method == "POST" {
		r = appendAll(r, "\r\nIdempotency-Key: ", key, "\r\ntraceparent: ")
		r = appendTraceparent(r, key)
		r = appendAll(r, "\r\nContent-Type: application/json\r\nContent-Length: ")
		r = strconv.AppendInt(r, int64(len(body)), 10)
	}
	r = append(append(r, "\r\n\r\n"...), body...)
	c.request = r
	if err := c.conn.SetDeadline(time.Now().Add(c.bank.timeout)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(r); err != nil {
		return 0, nil, err
	}
	return c.read()
}

// line is the next one without its end; it holds until the next read.
func (c *connectionCaller) line() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// read takes an answer whose length is told, which is what the bank gives.
func (c *connectionCaller) read() (int, []byte, error) {
	line, err := c.line()
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("no answer of HTTP/1.1: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, nil, err
	}
	length, last := -1, false
	for {
		line, err = c.line()
		if err != nil {
			return 0, nil, err
		}
		if len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			return 0, nil, fmt.Errorf("no header: %q", line)
		}
		name, value := line[:colon], bytes.TrimSpace(line[colon+1:])
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return 0, nil, errors.New("an answer in pieces")
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
	if length < 0 || length > answerMax {
		return 0, nil, fmt.Errorf("an answer of %d bytes", length)
	}
	if cap(c.answer) < length {
		c.answer = make([]byte, length)
	}
	c.answer = c.answer[:length]
	if _, err := io.ReadFull(c.reader, c.answer); err != nil {
		return 0, nil, err
	}
	if last {
		c.conn.Close()
		c.conn = nil
	}
	return status, c.answer, nil
}
