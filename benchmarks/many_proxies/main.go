// A stand-in for an API server with many pods: it replays what one real pod's proxy, its kubelet and istiod answered.
//
// Simulated are the API server (TLS, lists in pages and compressed, watches, logs, port forwarding over websockets) and
// the pods' number; each answer is one that a real Istio gave, with another pod's name, and comes at once. It is Go's
// own server, as an API server is one. Of a processor's time it takes about 1.2 ms for each pod that is asked, most of
// it for TLS: that much of what is measured beside it on the same machine is other machines' work.
//
// Usage: many_proxies RECORDING COUNT CERTIFICATE. The first line that it writes is its port, and it serves until its
// standard input ends.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	websocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455, 1.3
	protocol      = "v4.channel.k8s.io"
	compressed    = 128 << 10 // bytes: larger answers are, at the level 1 (Kubernetes, APIResponseCompression)
	copied        = 32 << 10  // bytes: what a runtime passes on at once (io.Copy), and so a frame of a forwarded port
)

// What was recorded: answers by their paths.
type recording struct {
	Namespace string                     `json:"namespace"`
	Pod       string                     `json:"pod"`
	API       map[string]json.RawMessage `json:"api"`
	Admin     map[string]string          `json:"admin"`
	Log       string                     `json:"log"`
	Syncz     []json.RawMessage          `json:"syncz"`
}

// What there is to say, and how much was said.
type world struct {
	recording
	podsPath string
	head     map[string]json.RawMessage
	items    []string
	lines    []string
	syncz    string
	pages    sync.Map // by the question: each is made once
	bytes    atomic.Int64
}

func newWorld(path string, count int) (*world, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	w := &world{}
	if err := json.Unmarshal(text, &w.recording); err != nil {
		return nil, err
	}
	w.podsPath = "/api/v1/namespaces/" + w.Namespace + "/pods"
	w.lines = strings.SplitAfter(w.Log, "\n")
	if err := json.Unmarshal(w.API[w.podsPath], &w.head); err != nil {
		return nil, err
	}
	item, uid, err := w.pod()
	if err != nil {
		return nil, err
	}
	proxy, err := w.proxy()
	if err != nil {
		return nil, err
	}
	var syncz []string
	for number := range count {
		name := fmt.Sprintf("%s-%05d", w.Pod, number)
		named := strings.ReplaceAll(item, w.Pod, name)
		w.items = append(w.items, strings.ReplaceAll(named, uid, fmt.Sprintf("%s-%05d", uid, number)))
		syncz = append(syncz, strings.ReplaceAll(proxy, w.Pod, name))
	}
	w.syncz = "[" + strings.Join(syncz, ",") + "]"
	return w, nil
}

// Finds the pod that stands for all, and its uid.
func (w *world) pod() (string, string, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(w.head["items"], &items); err != nil {
		return "", "", err
	}
	for _, item := range items {
		var about struct {
			Metadata struct{ Name, UID string }
		}
		if err := json.Unmarshal(item, &about); err != nil {
			return "", "", err
		}
		if about.Metadata.Name == w.Pod {
			return string(item), about.Metadata.UID, nil
		}
	}
	return "", "", errors.New("the pod is not in the list of pods")
}

// Finds what istiod says of its proxy.
func (w *world) proxy() (string, error) {
	for _, one := range w.Syncz {
		var about struct{ Proxy string }
		if err := json.Unmarshal(one, &about); err != nil {
			return "", err
		}
		if strings.HasPrefix(about.Proxy, w.Pod+".") {
			return string(one), nil
		}
	}
	return "", errors.New("istiod knows nothing of the pod")
}

func (w *world) ServeHTTP(to http.ResponseWriter, request *http.Request) {
	path, query := request.URL.Path, request.URL.Query()
	to.Header().Set("Audit-Id", "00000000-0000-0000-0000-000000000000")
	to.Header().Set("Cache-Control", "no-cache, private")
	switch {
	case request.Header.Get("Upgrade") != "":
		w.forward(to, request)
	case path == "/bytes":
		answer(to, request, http.StatusOK, []byte(strconv.FormatInt(w.bytes.Load(), 10)))
	case request.Method == http.MethodPost && strings.HasSuffix(path, "/selfsubjectaccessreviews"):
		answer(to, request, http.StatusCreated, []byte(`{"status": {"allowed": true}}`))
	case query.Get("watch") == "true":
		to.Header().Set("Content-Type", "application/json")
		flush(to)
		<-request.Context().Done()
	case path == w.podsPath:
		w.list(to, request, query.Get("limit"), query.Get("continue"))
	case strings.HasSuffix(path, "/log"):
		to.Header().Set("Content-Type", "text/plain")
		flush(to) // so that it comes in chunks, as one that is passed on from a kubelet does
		io.WriteString(to, w.log(query.Get("sinceTime"), query.Get("limitBytes")))
	default:
		known, found := w.API[path+"?"+request.URL.RawQuery]
		if !found {
			known, found = w.API[path]
		}
		if !found {
			known, _ = json.Marshal(map[string]any{"kind": "Status", "code": 404, "message": "not recorded: " + path})
			answer(to, request, http.StatusNotFound, known)
			return
		}
		answer(to, request, http.StatusOK, known)
	}
}

func flush(to http.ResponseWriter) {
	to.WriteHeader(http.StatusOK)
	to.(http.Flusher).Flush()
}

// Gives a whole answer in JSON, compressed where it is large and its reader takes that.
func answer(to http.ResponseWriter, request *http.Request, status int, body []byte) {
	to.Header().Set("Content-Type", "application/json")
	if len(body) > compressed && strings.Contains(request.Header.Get("Accept-Encoding"), "gzip") {
		to.Header().Set("Content-Encoding", "gzip")
		body = packed(body)
	}
	to.Header().Set("Content-Length", strconv.Itoa(len(body)))
	to.WriteHeader(status)
	to.Write(body)
}

func packed(body []byte) []byte {
	var out bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	writer.Write(body)
	writer.Close()
	return out.Bytes()
}

// Gives a page of the pods; each is made and compressed once.
func (w *world) list(to http.ResponseWriter, request *http.Request, limit, from string) {
	begin, _ := strconv.Atoi(from)
	end, _ := strconv.Atoi(limit)
	if end += begin; limit == "" || end > len(w.items) {
		end = len(w.items)
	}
	coding := ""
	if strings.Contains(request.Header.Get("Accept-Encoding"), "gzip") {
		coding = "gzip"
	}
	key := fmt.Sprint(begin, end, coding)
	made, known := w.pages.Load(key)
	if !known {
		made, _ = w.pages.LoadOrStore(key, w.page(begin, end, coding))
	}
	page := made.([]byte)
	to.Header().Set("Content-Type", "application/json")
	if coding != "" {
		to.Header().Set("Content-Encoding", coding)
	}
	to.Header().Set("Content-Length", strconv.Itoa(len(page)))
	to.Write(page)
}

func (w *world) page(begin, end int, coding string) []byte {
	var metadata map[string]any
	json.Unmarshal(w.head["metadata"], &metadata)
	if end < len(w.items) {
		metadata["continue"] = strconv.Itoa(end)
	}
	said, _ := json.Marshal(metadata)
	text := fmt.Sprintf(`{"kind":"PodList","apiVersion":"v1","metadata":%s,"items":[%s]}`,
		said, strings.Join(w.items[begin:end], ","))
	if coding == "" {
		return []byte(text)
	}
	return packed([]byte(text))
}

func (w *world) log(since, limit string) string {
	since = strings.TrimSuffix(since, "Z")
	var text strings.Builder
	for _, line := range w.lines {
		if len(line) >= len(since) && line[:len(since)] >= since {
			text.WriteString(line)
		}
	}
	if most, err := strconv.Atoi(limit); err == nil && text.Len() > most {
		return text.String()[:most]
	}
	return text.String()
}

// Answers a request to a forwarded port as an Envoy does; istiod has one port.
func (w *world) port(istiod bool, channel byte, method, target string) []byte {
	status, body := http.StatusOK, w.syncz
	if !istiod {
		name := target
		if method != http.MethodGet {
			name = method + " " + target
		}
		found := false
		if body, found = w.Admin[name]; channel > 0 || !found {
			status, body = http.StatusNotFound, ""
		}
	}
	date := time.Now().UTC().Format(http.TimeFormat)
	head := "HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncache-control: no-cache, max-age=0\r\n" +
		"x-content-type-options: nosniff\r\ndate: %s\r\nserver: envoy\r\ntransfer-encoding: chunked\r\n\r\n"
	text := fmt.Appendf(nil, head, status, http.StatusText(status), date)
	if body != "" {
		text = fmt.Appendf(text, "%x\r\n%s\r\n", len(body), body)
	}
	return append(text, "0\r\n\r\n"...)
}

// Forwards ports over a websocket, each with a channel for data and one for errors (Kubernetes, v4.channel.k8s.io).
func (w *world) forward(to http.ResponseWriter, request *http.Request) {
	wire, buffered, err := to.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer wire.Close()
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + websocketGUID))
	out := fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]), protocol)
	for index, port := range strings.Split(request.URL.Query().Get("ports"), ",") {
		number, _ := strconv.Atoi(port)
		for channel := 2 * index; channel < 2*index+2; channel++ {
			out = appendFrame(out, byte(channel), binary.LittleEndian.AppendUint16(nil, uint16(number)))
		}
	}
	istiod := strings.Contains(request.URL.Path, "/istiod")
	for {
		if _, err := wire.Write(out); err != nil {
			return
		}
		payload, err := readFrame(buffered.Reader)
		if err != nil {
			return
		}
		out = out[:0]
		asked := strings.SplitAfter(string(payload[1:]), "\r\n\r\n")
		for _, one := range asked[:len(asked)-1] {
			words := strings.SplitN(one, " ", 3)
			text := w.port(istiod, payload[0], words[0], words[1])
			for len(text) > 0 {
				piece := text[:min(copied, len(text))]
				out = appendFrame(out, payload[0], piece)
				text = text[len(piece):]
			}
		}
	}
}

// Adds a binary frame, as a server sends it (RFC 6455, 5.2).
func appendFrame(out []byte, channel byte, data []byte) []byte {
	size := len(data) + 1
	if size < 126 {
		out = append(out, 0x82, byte(size))
	} else {
		out = binary.BigEndian.AppendUint16(append(out, 0x82, 126), uint16(size))
	}
	return append(append(out, channel), data...)
}

// Reads a client's binary frame; one that closes is the end.
func readFrame(from *bufio.Reader) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	size := int(head[1] & 127)
	if size == 126 {
		var long [2]byte
		if _, err := io.ReadFull(from, long[:]); err != nil {
			return nil, err
		}
		size = int(binary.BigEndian.Uint16(long[:]))
	}
	masked := make([]byte, 4+size)
	if _, err := io.ReadFull(from, masked); err != nil {
		return nil, err
	}
	if head[0] != 0x82 || size == 0 {
		return nil, io.EOF
	}
	mask, payload := masked[:4], masked[4:]
	for at := range payload {
		payload[at] ^= mask[at%4]
	}
	return payload, nil
}

// Counts what goes through a connection, without TLS.
type counted struct {
	net.Conn
	bytes *atomic.Int64
}

func (c counted) Read(into []byte) (int, error) {
	count, err := c.Conn.Read(into)
	c.bytes.Add(int64(count))
	return count, err
}

func (c counted) Write(data []byte) (int, error) {
	count, err := c.Conn.Write(data)
	c.bytes.Add(int64(count))
	return count, err
}

type listener struct {
	net.Listener
	bytes *atomic.Int64
}

func (l listener) Accept() (net.Conn, error) {
	wire, err := l.Listener.Accept()
	return counted{wire, l.bytes}, err
}

func serve(path, count, pem string) error {
	number, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	w, err := newWorld(path, number)
	if err != nil {
		return err
	}
	certificate, err := tls.LoadX509KeyPair(pem, pem)
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secured := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{certificate}})
	fmt.Println(plain.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(listener{secured, &w.bytes})
	io.Copy(io.Discard, os.Stdin)
	return nil
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: many_proxies RECORDING COUNT CERTIFICATE")
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}
