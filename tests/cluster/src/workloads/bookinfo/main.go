// The article's application in a container: one of its four services, chosen by $SERVICE and $VERSION.
//
// It answers, byte for byte, what wasmnb's local mesh answers, except for the names of pods.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const numeric = "please provide numeric product ID"

type details struct {
	ID        int    `json:"id"`
	Author    string `json:"author"`
	Year      int    `json:"year"`
	Type      string `json:"type"`
	Pages     int    `json:"pages"`
	Publisher string `json:"publisher"`
	Language  string `json:"language"`
	ISBN10    string `json:"ISBN-10"`
	ISBN13    string `json:"ISBN-13"`
}

type stars struct {
	Reviewer1 int
	Reviewer2 int
}

type ratings struct {
	ID      int   `json:"id"`
	Ratings stars `json:"ratings"`
}

type rating struct {
	Stars int    `json:"stars,omitempty"`
	Color string `json:"color,omitempty"`
	Error string `json:"error,omitempty"`
}

type review struct {
	Reviewer string  `json:"reviewer"`
	Text     string  `json:"text"`
	Rating   *rating `json:"rating,omitempty"`
}

type reviews struct {
	ID      string   `json:"id"`
	Pod     string   `json:"podname"`
	Reviews []review `json:"reviews"`
}

var (
	service = os.Getenv("SERVICE")
	version = os.Getenv("VERSION")
	client  = &http.Client{Timeout: 5 * time.Second}
	colors  = map[string]string{"v2": "black", "v3": "red"}
)

func main() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, http.ListenAndServe(":9080", http.HandlerFunc(answer)))
	os.Exit(1)
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		name := strings.ToUpper(service[:1]) + service[1:]
		write(w, http.StatusOK, map[string]string{"status": name + " is healthy"})
		return
	}
	if service == "productpage" {
		productpage(w, r)
		return
	}
	number, found := strings.CutPrefix(r.URL.Path, "/"+service+"/")
	if !found || strings.Contains(number, "/") {
		write(w, http.StatusNotFound, map[string]string{"error": "Not Found"})
		return
	}
	id, err := strconv.Atoi(number)
	if err != nil || id < 0 {
		write(w, http.StatusBadRequest, map[string]string{"error": numeric})
		return
	}
	switch service {
	case "details":
		write(w, http.StatusOK, details{id, "William Shakespeare", 1595, "paperback", 200, "PublisherA", "English",
			"1234567890", "123-1234567890"})
	case "ratings":
		write(w, http.StatusOK, ratings{id, stars{5, 4}})
	case "reviews":
		write(w, http.StatusOK, reviewed(id))
	}
}

func reviewed(id int) reviews {
	all := []review{
		{Reviewer: "Reviewer1", Text: "An extremely entertaining play by Shakespeare. " +
			"The slapstick humour is refreshing!"},
		{Reviewer: "Reviewer2", Text: "Absolutely fun and entertaining. " +
			"The play lacks thematic depth when compared to other plays."},
	}
	if color, colored := colors[version]; colored {
		var known ratings
		err := ask(fmt.Sprintf("http://ratings:9080/ratings/%d", id), &known)
		for i, count := range []int{known.Ratings.Reviewer1, known.Ratings.Reviewer2} {
			all[i].Rating = &rating{Stars: count, Color: color}
			if err != nil {
				all[i].Rating = &rating{Error: "Ratings service is unavailable"}
			}
		}
	}
	pod, _ := os.Hostname()
	return reviews{strconv.Itoa(id), pod, all}
}

func productpage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/productpage" {
		write(w, http.StatusNotFound, map[string]string{"error": "Not Found"})
		return
	}
	var page strings.Builder
	page.WriteString(`<!DOCTYPE html><html lang="en"><head><title>Simple Bookstore App</title></head>` +
		`<body><h3>The Comedy of Errors</h3>`)
	var book details
	if err := ask("http://details:9080/details/0", &book); err != nil {
		page.WriteString("<h4>Error fetching product details!</h4>")
	} else {
		page.WriteString("<h4>Book Details</h4><dl>" + rows(book) + "</dl>")
	}
	var said reviews
	if err := ask("http://reviews:9080/reviews/0", &said); err != nil {
		page.WriteString("<h4>Error fetching product reviews!</h4>")
	} else {
		page.WriteString("<h4>Book Reviews</h4>" + quotes(said.Reviews))
	}
	page.WriteString("</body></html>")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, page.String())
}

func rows(book details) string {
	var made strings.Builder
	for _, row := range [][2]string{
		{"id", strconv.Itoa(book.ID)}, {"author", book.Author}, {"year", strconv.Itoa(book.Year)}, {"type", book.Type},
		{"pages", strconv.Itoa(book.Pages)}, {"publisher", book.Publisher}, {"language", book.Language},
		{"ISBN-10", book.ISBN10}, {"ISBN-13", book.ISBN13},
	} {
		fmt.Fprintf(&made, "<dt>%s</dt><dd>%s</dd>", row[0], html.EscapeString(row[1]))
	}
	return made.String()
}

func quotes(said []review) string {
	var made strings.Builder
	for _, one := range said {
		count := 0
		if one.Rating != nil {
			count = one.Rating.Stars
		}
		fmt.Fprintf(&made, "<blockquote><p>%s</p><small>%s</small>%s</blockquote>",
			html.EscapeString(one.Text), one.Reviewer, strings.Repeat("★", count))
	}
	return made.String()
}

func ask(url string, into any) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func write(w http.ResponseWriter, status int, answer any) {
	text, _ := json.Marshal(answer)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}
