// Every bound on what comes from outside, in one place (DESIGN: "a limit on
// everything"). What a field over its bound gets is written beside it.
#ifndef CLOCKWISE_SERVICE_LIMITS_H_
#define CLOCKWISE_SERVICE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace clockwise::limits {

// --- Fields of requests: INVALID_ARGUMENT above the bound. ---
inline constexpr size_t kMaxIdBytes = 253;       // node ids, ring names
inline constexpr size_t kMaxHashKeyBytes = 253;  // Node.hash_key
inline constexpr size_t kMaxZoneBytes = 253;     // Node.zone
inline constexpr size_t kMaxAddressBytes = 512;  // Node.address
inline constexpr size_t kMaxLabels = 64;         // Node.labels
inline constexpr size_t kMaxLabelBytes = 4096;   // keys and values in all
inline constexpr uint32_t kMaxWeight = 65'535;   // Node.weight
inline constexpr size_t kMaxKeyBytes = 65'536;   // a key
inline constexpr size_t kMaxBatchKeys = 10'000;  // keys of a BatchLocate
inline constexpr uint32_t kMaxReplicas = 64;     // owners asked for
inline constexpr size_t kMaxChangesPerRequest = 10'000;  // ApplyChanges
inline constexpr size_t kMaxRequestIdBytes = 64;
inline constexpr size_t kMaxReasonBytes = 1024;
inline constexpr uint32_t kMaxPageSize = 1000;  // of lists
inline constexpr uint32_t kDefaultPageSize = 100;
inline constexpr uint32_t kMaxVirtualNodes = 65'536;
inline constexpr uint32_t kDefaultVirtualNodes = 160;
inline constexpr size_t kMaxNodePoints = 16'384;      // Node.points
inline constexpr uint32_t kMaxRingSize = 8'388'608;   // Envoy's and gRPC's
inline constexpr uint32_t kMaxTableSize = 5'000'011;  // Maglev's
inline constexpr size_t kMaxSettingsZones = 1000;     // of LayoutSettings
inline constexpr uint32_t kMinPartitionBits = 4;
inline constexpr uint32_t kMaxPartitionBits = 20;
inline constexpr uint32_t kDefaultPartitionBits = 16;
inline constexpr uint32_t kMaxPartitionReplicas = 8;
inline constexpr uint32_t kDefaultPartitionReplicas = 3;

// --- Sizes of what is held: RESOURCE_EXHAUSTED above the bound. ---
inline constexpr size_t kMaxNodes = 100'000;                 // a ring
inline constexpr uint64_t kMaxPoints = 16ull * 1024 * 1024;  // a ring
// Owners of slots that are worked out beforehand; beyond, each look-up walks.
inline constexpr size_t kMaxPrecomputedOwners = 16ull * 1024 * 1024;  // a ring
// Steps to fill a ring's table, where that is more than its slots.
inline constexpr uint64_t kMaxTableWork = 1ull << 30;
inline constexpr size_t kMaxRings = 1000;
inline constexpr size_t kMaxWatchStreams = 20'000;   // a server
inline constexpr size_t kMaxLocateStreams = 20'000;  // a server
// Of one machine, which has its own address.
inline constexpr size_t kMaxWatchStreamsPerPeer = 10'000;

// --- History. ---
inline constexpr size_t kHistoryChanges = 1000;  // kept at least, per ring
inline constexpr size_t kMaxHistoryChanges = 1'000'000;  // of the flag
// Of the records kept of a ring in all, as stored; older ones are dropped even
// if they are among the last changes, but for the newest.
inline constexpr size_t kHistoryBytes = 64ull * 1024 * 1024;
inline constexpr size_t kMaxHistoryBytes = 16ull * 1024 * 1024 * 1024;

// --- Answers. ---
inline constexpr size_t kMaxMoves = 10'000;      // beyond: moves_truncated
inline constexpr size_t kMaxTransfers = 10'000;  // beyond: transfers_truncated
inline constexpr size_t kMaxCappedIds = 1000;    // the first by id

// --- The server: UNAVAILABLE above the bound. ---
inline constexpr size_t kMaxQueuedCalls = 1000;     // changes and long reads
inline constexpr size_t kMaxEpochWaiters = 10'000;  // calls waiting: min_epoch
inline constexpr int kMaxEpochWaitSeconds = 10;     // without a deadline
inline constexpr int kMaxCommitAttempts = 32;       // lost races of one change
// gRPC answers RESOURCE_EXHAUSTED by itself above this.
inline constexpr int kMaxRequestBytes = 4 * 1024 * 1024;
inline constexpr int kMaxMetadataBytes = 16 * 1024;
inline constexpr int kMaxCallsPerConnection = 1000;  // others wait
// Of the flags for those, and for what is held of callers.
inline constexpr int kMostRequestBytes = 64 * 1024 * 1024;
inline constexpr int kMostMetadataBytes = 1024 * 1024;
inline constexpr size_t kMostCalls = 1'000'000;

// --- etcd: what a request to it may be by its own defaults (128 operations,
// 1.5 MiB), with room to spare. Larger changes go in several requests. ---
inline constexpr size_t kEtcdRequestOperations = 100;
inline constexpr size_t kEtcdRequestBytes = 1024ull * 1024;
inline constexpr size_t kEtcdValueBytes = 512ull * 1024;
inline constexpr int64_t kEtcdPageKeys = 128;  // of a read
inline constexpr size_t kMaxEtcdEndpoints = 16;
inline constexpr size_t kMaxEtcdPrefixBytes = 253;

// --- Files of the client library. ---
inline constexpr size_t kMaxRingFileBytes = 1'000'000'000;

// --- Backups: refused above the bound. ---
inline constexpr size_t kMaxBackupBytes = 2'000'000'000;  // a file

// --- The HTTP port. Connections beyond the bound wait in the kernel. ---
inline constexpr size_t kHttpThreads = 16;
inline constexpr size_t kHttpConnections = 64;
inline constexpr int kHttpBacklog = 128;
inline constexpr size_t kHttpRequestBytes = 64ull * 1024;  // 431 beyond
inline constexpr size_t kHttpFieldBytes = 8'000;  // a header: 431, or the
                                                  // target: 414
inline constexpr int kHttpWaiting = 4;  // requests that compute much, for one
inline constexpr size_t kHttpEventStreams = 100;        // 503 beyond
inline constexpr double kHttpRequestSeconds = 2;        // for one to arrive
inline constexpr size_t kMostHttpConnections = 10'000;  // of the flags

// --- `clockwise simulate`: bad usage above the bound. ---
inline constexpr uint32_t kMaxSimulatedNodes = 10'000;  // before, and after
inline constexpr size_t kMaxSimulatedKeys = 1'000'000;
inline constexpr size_t kMaxSimulatedLayouts = 16;  // rows of the table

// --- `clockwise import`: bad usage above the bound. ---
inline constexpr size_t kMaxImportBytes = 16ull * 1024 * 1024;  // of the file

// --- Who may do what. Files above the bounds are refused. ---
inline constexpr size_t kMaxPemBytes = 1024ull * 1024;     // a file
inline constexpr size_t kMaxPolicyBytes = 1024ull * 1024;  // a file
inline constexpr int kMaxGrants = 10'000;
inline constexpr size_t kMaxTokens = 1000;
inline constexpr size_t kMaxTokenBytes = 4096;  // a client's own
// Unknown tokens from one machine in a minute; beyond, none of its tokens is
// looked at until the minute is over.
inline constexpr uint32_t kMaxFailedAttempts = 20;
inline constexpr size_t kMaxBlockedPeers = 10'000;  // remembered
inline constexpr size_t kAuditFileBytes = 64ull * 1024 * 1024;
inline constexpr size_t kMaxAuditFileBytes = 16ull * 1024 * 1024 * 1024;
inline constexpr int kMaxAuditFiles = 10;   // this one and those before
inline constexpr int kMaxAuditNodes = 100;  // named in an entry

// --- Metrics. ---
inline constexpr size_t kMaxNodeSeries = 1000;  // per-node series off above

}  // namespace clockwise::limits

#endif  // CLOCKWISE_SERVICE_LIMITS_H_
