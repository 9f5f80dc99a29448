// Looks up keys, one per line of standard input, in a local ring that Watch
// keeps up to date. Also calls the server, to show that its result is the same.
//
// usage: lookup SERVER [RING]
//
//	lookup -vectors FILE     tests itself with ring_v1.json
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/health" // health checks of the service config
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/runtime/protoimpl"

	pb "clockwise/v1"
)

// The packaged gRPC is older than the packaged messages. It cannot encode them.
// ProtoMessageV2Of also converts its own messages for health checks.
type codec struct{}

func (codec) Marshal(message interface{}) ([]byte, error) {
	return proto.Marshal(protoimpl.X.ProtoMessageV2Of(message))
}
func (codec) Unmarshal(data []byte, message interface{}) error {
	return proto.Unmarshal(data, protoimpl.X.ProtoMessageV2Of(message))
}
func (codec) Name() string { return "proto" }

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Returns a channel: round robin over the addresses of target, health checks,
// and retries of reads.
func dial(target string) (*grpc.ClientConn, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	config, err := os.ReadFile(filepath.Join(filepath.Dir(program),
		"../../../deploy/grpc-service-config.json"))
	if err != nil {
		return nil, err
	}
	return grpc.Dial(target, grpc.WithInsecure(),
		grpc.WithDefaultServiceConfig(string(config)),
		// A whole ring can exceed gRPC's default limit of 4 MiB.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		// The default waits up to 2 minutes before it connects again.
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 5 * time.Second,
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond,
				Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}}),
		// Notices a dead network, also while nothing is sent. The server allows
		// one ping in 10 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 15 * time.Second, Timeout: 5 * time.Second}))
}

// Returns the time after which a stream without a message is dead: three of the
// server's heartbeats. 0: the interval is not known.
func silence(heartbeatMs uint32) time.Duration {
	if heartbeatMs == 0 {
		return 15 * time.Second
	}
	limit := 3 * time.Duration(heartbeatMs) * time.Millisecond
	if limit < 3*time.Second {
		return 3 * time.Second
	}
	return limit
}

// known is the epoch of a ring; the zero value: there is no ring yet.
type known struct{ epoch, incarnation uint64 }

// behind is the error for an older epoch of the ring. Ask another server.
type behind struct{ got, have uint64 }

func (err behind) Error() string {
	return fmt.Sprintf("a server sent epoch %d, but the ring is at epoch %d", err.got, err.have)
}

// Mirror holds the newest ring that a server sent, and its time.
type Mirror struct {
	client pb.PlacementServiceClient
	name   string
	ring   atomic.Value // *Ring, replaced as a whole; nil: the layout is unknown
	First  chan struct{}
	once   sync.Once
	known  known // used only by follow
	mu     sync.Mutex
	as     time.Time
	// The ring was deleted; ring is its last state.
	deleted bool
	// Why the last stream ended; "" while a stream is open.
	lastError string
}

func NewMirror(client pb.PlacementServiceClient, name string) *Mirror {
	mirror := &Mirror{client: client, name: name, First: make(chan struct{}),
		lastError: "no server has answered"}
	go mirror.follow()
	return mirror
}

func (mirror *Mirror) Ring() *Ring {
	ring, _ := mirror.ring.Load().(*Ring)
	return ring
}

// Confirmed returns the last time at which the ring was certainly the newest.
func (mirror *Mirror) Confirmed() time.Time {
	mirror.mu.Lock()
	defer mirror.mu.Unlock()
	return mirror.as
}

// LastError returns why the last stream ended.
func (mirror *Mirror) LastError() string {
	mirror.mu.Lock()
	defer mirror.mu.Unlock()
	return mirror.lastError
}

func (mirror *Mirror) follow() {
	pause, fetchAll := firstPause, false
	for {
		request := &pb.WatchRequest{Ring: mirror.name}
		if !fetchAll {
			request.KnownEpoch = mirror.known.epoch
			request.KnownIncarnation = mirror.known.incarnation
		}
		progress, err := mirror.watch(request)
		if progress {
			pause = firstPause
		}
		_, ended := status.FromError(err)
		fetchAll = !ended && !errors.As(err, &behind{})
		if ended {
			mirror.noteEnd(status.Convert(err))
		} else if fetchAll {
			log.Printf("lookup: %v; requesting the whole ring", err)
		} else {
			log.Printf("lookup: %v", err)
		}
		time.Sleep(pause/2 + time.Duration(rand.Int63n(int64(pause/2))))
		if pause *= 2; pause > longestPause {
			pause = longestPause
		}
	}
}

// Reads one stream to its end. Returns the reason, and true if there was
// progress: a message raised the epoch or was not the first of the stream, or
// the stream was silent, so that it has waited long enough.
func (mirror *Mirror) watch(request *pb.WatchRequest) (bool, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var silent int32
	alarm := time.AfterFunc(silence(0), func() {
		atomic.StoreInt32(&silent, 1)
		cancel()
	})
	defer alarm.Stop()
	progress := false
	done := func(err error) (bool, error) {
		return progress || atomic.LoadInt32(&silent) == 1, err
	}
	// Without WaitForReady, the call fails while the channel connects.
	stream, err := mirror.client.Watch(ctx, request, grpc.WaitForReady(true))
	if err != nil {
		return done(err)
	}
	for first := true; ; first = false {
		message, err := stream.Recv()
		if err != nil {
			return done(err)
		}
		alarm.Reset(silence(message.HeartbeatMs))
		before := mirror.known
		if err := mirror.takeIn(message, first && request.KnownEpoch != 0); err != nil {
			return done(err)
		}
		progress = progress || !first || before.epoch == 0 ||
			(mirror.known.incarnation == before.incarnation && mirror.known.epoch > before.epoch)
	}
}

func (mirror *Mirror) noteEnd(end *status.Status) {
	text := fmt.Sprintf("%v: %s", end.Code(), end.Message())
	deleted := end.Code() == codes.NotFound && mirror.known.epoch != 0
	mirror.mu.Lock()
	defer mirror.mu.Unlock()
	if deleted && !mirror.deleted {
		log.Printf("lookup: %s; keeping its last state and waiting for the ring", text)
	} else if text != mirror.lastError && !deleted {
		log.Printf("lookup: the stream ended: %s; reconnecting", text)
	}
	mirror.lastError = text
	mirror.deleted = mirror.deleted || deleted
}

func (mirror *Mirror) takeIn(message *pb.WatchResponse, mayGoBack bool) error {
	ring, now := mirror.Ring(), mirror.known
	var err error
	switch event := message.Event.(type) {
	case *pb.WatchResponse_Snapshot:
		now = known{event.Snapshot.Epoch, event.Snapshot.Incarnation}
		ring, err = mirror.replacement(event.Snapshot, mayGoBack)
	case *pb.WatchResponse_Delta:
		if now != (known{event.Delta.FromEpoch, event.Delta.Incarnation}) {
			err = fmt.Errorf("a delta from epoch %d does not continue the ring", event.Delta.FromEpoch)
		} else if ring != nil {
			ring, err = ring.After(event.Delta)
		}
		now = known{event.Delta.Epoch, event.Delta.Incarnation}
	case *pb.WatchResponse_Heartbeat:
		if now != (known{event.Heartbeat.Epoch, event.Heartbeat.Incarnation}) ||
			(ring != nil && event.Heartbeat.Fingerprint != ring.fingerprint) {
			err = fmt.Errorf("the heartbeat does not match the local ring")
		}
	}
	if err != nil {
		return err
	}
	mirror.ring.Store(ring)
	mirror.known = now
	mirror.mu.Lock()
	mirror.as = time.Now().Add(-time.Duration(message.UnconfirmedMs) * time.Millisecond)
	mirror.deleted, mirror.lastError = false, ""
	mirror.mu.Unlock()
	if now.epoch != 0 {
		mirror.once.Do(func() { close(mirror.First) })
	}
	return nil
}

// Returns the ring of a snapshot, nil if its layout is unknown. mayGoBack: the
// snapshot answers a request that named the epoch of the ring. The server has
// then made sure that it is not behind.
func (mirror *Mirror) replacement(snapshot *pb.Snapshot, mayGoBack bool) (*Ring, error) {
	if !mayGoBack && snapshot.Incarnation == mirror.known.incarnation &&
		snapshot.Epoch < mirror.known.epoch {
		return nil, behind{snapshot.Epoch, mirror.known.epoch}
	}
	ring, err := FromSnapshot(snapshot)
	if errors.As(err, &UnknownLayout{}) {
		log.Printf("lookup: %v; calling Locate for each key", err)
		return nil, nil
	}
	return ring, err
}

type locate struct {
	Key      int
	Replicas uint32
	Owners   []string
}

type vectors struct {
	Hashes []struct{ Key, Xxh3 string }
	Keys   []string
	Rings  []struct {
		Snapshot json.RawMessage
		Locates  []locate
		Then     []struct {
			Delta   json.RawMessage
			Locates []locate
		}
	}
}

func checkVectors(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var all vectors
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, vector := range all.Hashes {
		key, _ := hex.DecodeString(vector.Key)
		if strconv.FormatUint(xxh3(key), 10) != vector.Xxh3 {
			return fmt.Errorf("XXH3 of %s", vector.Key)
		}
	}
	checked := 0
	check := func(ring *Ring, locates []locate) error {
		for _, vector := range locates {
			key, _ := hex.DecodeString(all.Keys[vector.Key])
			owners := ring.Locate(key, vector.Replicas)
			if !reflect.DeepEqual(owners, vector.Owners) {
				return fmt.Errorf("epoch %d, %v: %v", ring.epoch, vector, owners)
			}
			checked++
		}
		return nil
	}
	for _, vector := range all.Rings {
		snapshot := &pb.Snapshot{}
		if err := protojson.Unmarshal(vector.Snapshot, snapshot); err != nil {
			return err
		}
		ring, err := FromSnapshot(snapshot)
		if err != nil {
			return err
		}
		if err := check(ring, vector.Locates); err != nil {
			return err
		}
		for _, then := range vector.Then {
			delta := &pb.Delta{}
			if err := protojson.Unmarshal(then.Delta, delta); err != nil {
				return err
			}
			if ring, err = ring.After(delta); err != nil {
				return err
			}
			if err := check(ring, then.Locates); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d look-ups match\n", checked)
	return nil
}

// Prints the owners of a key, and compares them with the server's.
func (mirror *Mirror) lookUp(key []byte) error {
	ring := mirror.Ring() // one ring for all calls that belong together
	show := func(owners []string, epoch uint64) {
		fields := append(append([]string{string(key)}, owners...), fmt.Sprintf("epoch %d", epoch))
		fmt.Println(strings.Join(fields, "\t"))
	}
	owners := []string{}
	if ring != nil {
		owners = ring.Locate(key, 0)
		show(owners, ring.epoch)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	remote, err := mirror.client.Locate(ctx, &pb.LocateRequest{Ring: mirror.name, Key: key})
	if err != nil && ring != nil {
		// The local result is valid without the server.
		log.Printf("lookup: not compared: %v", err)
		return nil
	} else if err != nil {
		fmt.Printf("%s\tno owners: %v\n", key, err)
		return nil
	}
	theirs := []string{}
	for _, owner := range remote.Owners {
		theirs = append(theirs, owner.NodeId)
	}
	if ring == nil {
		show(theirs, remote.Epoch)
	} else if remote.Epoch == ring.epoch && remote.Incarnation == ring.incarnation &&
		!reflect.DeepEqual(theirs, owners) {
		return fmt.Errorf("the server returned %v", remote)
	}
	return nil
}

func lookUp(server, name string) error {
	channel, err := dial(server)
	if err != nil {
		return err
	}
	mirror := NewMirror(pb.NewPlacementServiceClient(channel), name)
	select {
	case <-mirror.First:
	case <-time.After(10 * time.Second):
		return fmt.Errorf("no ring within 10 s: %s", mirror.LastError())
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := mirror.lookUp(lines.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	log.SetFlags(0)
	rand.Seed(time.Now().UnixNano()) // the pauses of two clients differ
	encoding.RegisterCodec(codec{})
	var err error
	switch arguments := os.Args[1:]; {
	case len(arguments) == 2 && arguments[0] == "-vectors":
		err = checkVectors(arguments[1])
	case len(arguments) == 1:
		err = lookUp(arguments[0], "")
	case len(arguments) == 2:
		err = lookUp(arguments[0], arguments[1])
	default:
		log.Fatal("usage: lookup SERVER [RING]")
	}
	if err != nil {
		log.Fatal("lookup: ", err)
	}
}
