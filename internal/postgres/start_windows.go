package postgres

import (
	"context"
	"fmt"
	"os/exec"
)

// stopper is what a Process is stopped or released with.
type stopper struct {
	released bool
	died     chan struct{} // pg_ctl has waited for the server: nil
}

// launch leaves the start to pg_ctl, which drops an administrator's rights.
func (o StartOptions) launch() (*Process, error) {
	cmd := exec.Command(o.Installation.Program("pg_ctl"), "start", "-w", "-D", o.Data, "-l", o.Log,
		"-o", fmt.Sprintf(`-c config_file="%s"`, o.Conf))
	cmd.Env = serverEnv(cmd.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_ctl start: %w: %s", err, out)
	}
	return &Process{options: o}, nil
}

// Release lets the server outlive this process.
func (p *Process) Release() error {
	p.released = true
	return nil
}

// Close stops the server at once, without writing anything out, and waits until
// it has gone. After Release it does nothing.
func (p *Process) Close() error {
	if p.released {
		return nil
	}
	p.released = true
	return Stop(context.Background(), StopOptions{Installation: p.options.Installation, Data: p.options.Data, Immediate: true})
}
