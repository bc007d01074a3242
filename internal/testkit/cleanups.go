package testkit

import "sync"

// cleanups are what a test has registered with Cleanup.
type cleanups struct {
	mu  sync.Mutex
	all []func()
}

func (c *cleanups) add(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, f)
}

// run runs them, last first, and those that they register. One that ends itself by Fatal does
// not end those that follow.
func (c *cleanups) run() {
	for f := c.last(); f != nil; f = c.last() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
}

func (c *cleanups) last() (f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.all); n > 0 {
		f, c.all = c.all[n-1], c.all[:n-1]
	}
	return f
}
