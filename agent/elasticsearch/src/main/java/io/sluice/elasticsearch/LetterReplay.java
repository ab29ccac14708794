package io.sluice.elasticsearch;

import io.sluice.buffer.DeadLetter;
import io.sluice.elasticsearch.Hosts.Host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Sends dead letters again: one bulk request at a time, its answer read item by item by the rules
 * of {@link BulkSender} ({@link Outcome}): a conflict on the id is delivered, a document with a
 * fault is repaired once.
 *
 * <p>Here somebody waits for the end: what is busy or cannot be reached is tried again for a time
 * only, and what waits for something to be put right is told at once.
 *
 * <p>One thread.
 */
public final class LetterReplay implements AutoCloseable {
    private static final int BATCH_BYTES = 1 << 20;
    private static final int BATCH_LETTERS = 1_000;
    private static final int BREAKS_BEFORE_SPLIT = 3;
    private static final int KEPT_CHARACTERS = 32 * 1024;
    private static final Backoff BACKOFF =
            new Backoff(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(5));
    private static final long MOST_ANSWER_MILLIS = 60_000;

    private final Optional<String> target;
    private final Duration patience;
    private final BulkClient client;
    private final Hosts hosts;

    /** When something was settled last. */
    private long settledNanos;

    /** A bulk request has come back well. */
    private boolean answered;

    private boolean stopped;

    /** Where letters come from. */
    @FunctionalInterface
    public interface Letters {
        /** The next one; empty behind the last. */
        Optional<DeadLetter> next() throws IOException;
    }

    /** Told what became of each letter that was sent. */
    @FunctionalInterface
    public interface Settled {
        void settled(DeadLetter letter, Fate fate);
    }

    /** What became of a letter. */
    public sealed interface Fate {
        /**
         * It is in Elasticsearch: as it was, changed so that it could be taken, or since before.
         */
        record Delivered(As as) implements Fate {
            /** In which form, or since when. */
            public enum As {
                /** As it was. */
                ITSELF,
                /** Its body as text in {@code event.original}. */
                REPAIRED,
                /** Under its id there is a document already, which can only be the same. */
                ALREADY_THERE
            }
        }

        /** It is refused again, for a fault of its own. */
        record Refused(String reason) implements Fate {}

        /** It cannot be taken now, for a reason that is not its own. */
        record Waits(String reason) implements Fate {}
    }

    /**
     * Connects with the first letter.
     *
     * @param target where letters go instead of where they were for
     * @param patience ends when nothing was settled for so long
     */
    public LetterReplay(ElasticsearchConfig config, Optional<String> target, Duration patience) {
        this.target = target;
        this.patience = patience;
        int answerMillis = (int) Math.clamp(patience.toMillis(), 1_000, MOST_ANSWER_MILLIS);
        this.client = new BulkClient(config, 1, answerMillis, System::nanoTime);
        this.hosts = new Hosts(config.hosts(), System::nanoTime);
        this.settledNanos = System.nanoTime();
    }

    /**
     * Sends letters until there are no more, or it makes no sense to go on.
     *
     * @return whether all were sent; if not, letters that are not {@code settled} were not tried
     * @throws IOException of {@code letters}
     */
    public boolean send(Letters letters, Settled settled) throws IOException, InterruptedException {
        Optional<DeadLetter> next = letters.next();
        while (next.isPresent() && !stopped) {
            String batchTarget = targetOf(next.get());
            List<Piece> batch = new ArrayList<>();
            int bytes = 0;
            while (next.isPresent()
                    && targetOf(next.get()).equals(batchTarget)
                    && batch.size() < BATCH_LETTERS
                    && (batch.isEmpty() || bytes + next.get().document().length() <= BATCH_BYTES)) {
                Piece piece = Piece.of(next.get());
                batch.add(piece);
                bytes += piece.item.bytes();
                next = letters.next();
            }
            send(batchTarget, batch, settled);
        }
        return next.isEmpty() && !stopped;
    }

    private String targetOf(DeadLetter letter) {
        return target.orElse(letter.target());
    }

    /** A letter, and the document that is sent for it. */
    private record Piece(DeadLetter letter, BulkBody.Item item, boolean repaired) {
        static Piece of(DeadLetter letter) {
            return new Piece(
                    letter,
                    new BulkBody.Item(
                            letter.action().getBytes(StandardCharsets.UTF_8),
                            letter.document().getBytes(StandardCharsets.UTF_8)),
                    false);
        }

        Optional<Piece> repair(BulkAnswer.ServerError error) {
            return repaired
                    ? Optional.empty()
                    : DocumentRepair.of(item.document(), error, DocumentRepair.ALL).map(this::with);
        }

        Optional<Piece> truncate(BulkAnswer.ServerError error) {
            return repaired
                    ? Optional.empty()
                    : DocumentRepair.of(item.document(), error, KEPT_CHARACTERS).map(this::with);
        }

        private Piece with(byte[] document) {
            return new Piece(letter, new BulkBody.Item(item.action(), document), true);
        }
    }

    private void send(String to, List<Piece> batch, Settled settled) throws InterruptedException {
        List<Piece> left = batch;
        int breaks = 0;
        for (int tries = 0; !left.isEmpty(); tries++) {
            String trouble;
            switch (call(to, left)) {
                case Answer.Answered(int status, byte[] body) when status == 200 -> {
                    try {
                        int before = left.size();
                        Sorted sorted = sort(left, BulkAnswer.parse(body), settled);
                        left = sorted.again;
                        trouble = sorted.trouble;
                        tries = left.size() < before ? 0 : tries;
                        answered = true;
                    } catch (BulkAnswer.MalformedException e) {
                        trouble = e.getMessage();
                    }
                }
                case Answer.Answered(int status, byte[] body) -> {
                    BulkAnswer.ServerError error = BulkAnswer.errorOf(body);
                    trouble = "Elasticsearch answers " + status + ", " + error;
                    if (status == 413 || Outcome.of(status, error) == Outcome.DOCUMENT) {
                        split(to, left, error, settled);
                        return;
                    } else if (status != 429 && status < 500) {
                        // Credentials, privileges, a wrong name: the next request fares the same.
                        stop(left, trouble, settled);
                        return;
                    }
                }
                case Answer.TooLong(String reason) -> {
                    split(to, left, new BulkAnswer.ServerError("", reason), settled);
                    return;
                }
                case Answer.NotSent(String reason) -> trouble = reason;
                case Answer.Broken(String reason) -> {
                    trouble = reason;
                    // A connection may break for a request's size; for one document's only where
                    // others get through.
                    if (++breaks >= BREAKS_BEFORE_SPLIT && (left.size() > 1 || answered)) {
                        split(to, left, new BulkAnswer.ServerError("", reason), settled);
                        return;
                    }
                }
            }
            if (!left.isEmpty() && !trouble.isEmpty() && !waited(tries)) {
                stop(left, trouble, settled);
                return;
            }
        }
    }

    private Answer call(String to, List<Piece> pieces) throws InterruptedException {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        BulkBody body = new BulkBody(pieces.stream().map(Piece::item).toList());
        Host host = hosts.next();
        long sentNanos = System.nanoTime();
        client.bulk(host.url, to, body.encode(), answer::complete);
        try {
            Answer came = answer.get();
            switch (came) {
                case Answer.Answered(int status, byte[] _) ->
                        hosts.answered(host, status, sentNanos, "status " + status);
                case Answer.TooLong _ -> hosts.answered(host);
                case Answer.NotSent(String reason) -> hosts.failed(host, sentNanos, reason);
                case Answer.Broken(String reason) -> hosts.failed(host, sentNanos, reason);
            }
            return came;
        } catch (ExecutionException e) {
            throw new AssertionError("the answer is never completed exceptionally", e);
        }
    }

    /**
     * @param again what is to be sent again
     * @param trouble why not at once; empty if it may be
     */
    private record Sorted(List<Piece> again, String trouble) {}

    private Sorted sort(List<Piece> sent, BulkAnswer answer, Settled settled)
            throws BulkAnswer.MalformedException {
        if (answer.items() != sent.size()) {
            throw new BulkAnswer.MalformedException(
                    "the answer has " + answer.items() + " items for " + sent.size() + " letters");
        }
        List<Piece> again = new ArrayList<>();
        String trouble = "";
        int item = 0;
        for (BulkAnswer.Fault fault : answer.faults()) {
            for (; item < fault.item(); item++) {
                delivered(sent.get(item), settled);
            }
            Piece piece = sent.get(item++);
            BulkAnswer.ServerError error = fault.error();
            String reason = fault.status() + ", " + error;
            switch (Outcome.of(fault.status(), error)) {
                case ALREADY_THERE ->
                        settle(piece, new Fate.Delivered(Fate.Delivered.As.ALREADY_THERE), settled);
                case RETRY -> {
                    again.add(piece);
                    trouble = reason;
                }
                case WAIT -> settle(piece, new Fate.Waits(reason), settled);
                case DOCUMENT ->
                        piece.repair(error)
                                .ifPresentOrElse(
                                        again::add,
                                        () -> settle(piece, new Fate.Refused(reason), settled));
            }
        }
        for (; item < sent.size(); item++) {
            delivered(sent.get(item), settled);
        }
        return new Sorted(again, trouble);
    }

    private void delivered(Piece piece, Settled settled) {
        settle(
                piece,
                new Fate.Delivered(
                        piece.repaired ? Fate.Delivered.As.REPAIRED : Fate.Delivered.As.ITSELF),
                settled);
    }

    private void settle(Piece piece, Fate fate, Settled settled) {
        settledNanos = System.nanoTime();
        settled.settled(piece.letter, fate);
    }

    /** Too large, or not understood for one of them: by halves, down to the one. */
    private void split(String to, List<Piece> pieces, BulkAnswer.ServerError error, Settled settled)
            throws InterruptedException {
        int half = pieces.size() / 2;
        if (half > 0) {
            send(to, pieces.subList(0, half), settled);
            if (stopped) {
                return;
            }
            send(to, pieces.subList(half, pieces.size()), settled);
            return;
        }
        Piece piece = pieces.getFirst();
        Optional<Piece> shorter = piece.truncate(error);
        if (shorter.isPresent()) {
            send(to, List.of(shorter.get()), settled);
        } else {
            settle(piece, new Fate.Refused(error.toString()), settled);
        }
    }

    private void stop(List<Piece> left, String reason, Settled settled) {
        stopped = true;
        left.forEach(piece -> settled.settled(piece.letter, new Fate.Waits(reason)));
    }

    /** Waits before the next try; false when that has been done long enough. */
    private boolean waited(int tries) throws InterruptedException {
        long left = settledNanos + patience.toNanos() - System.nanoTime();
        if (left <= 0) {
            return false;
        }
        TimeUnit.NANOSECONDS.sleep(Math.min(BACKOFF.nanos(tries), left));
        return true;
    }

    @Override
    public void close() {
        client.close();
    }
}
