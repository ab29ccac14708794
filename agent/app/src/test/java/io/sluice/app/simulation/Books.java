package io.sluice.app.simulation;

import io.sluice.buffer.Amount;
import io.sluice.pipeline.DocumentId;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The model: what was logged, and what of it has to come out.
 *
 * <p>Every piece of text that is written has a token of its own. Each owed piece comes, in one
 * document or together with its neighbours; under one id; and in the order of its stream. Not
 * promised is only what was taken from the files before anybody could read it.
 */
final class Books {
    private static final Pattern TOKEN = Pattern.compile("<([^<>#]+)#(\\d+)>");
    private static final Pattern ID = Pattern.compile("\"_id\":\"([^\"]+)\"");
    private static final Pattern MESSAGE = Pattern.compile("\"message\":\"([^\"]*)\"");

    /** How a piece stands. */
    enum Promise {
        OWED,
        /** Only an agent that holds the file open can still read it. */
        HELD,
        /** Gone from the disk before it was read, or maybe not. */
        NOT_PROMISED
    }

    /** A piece of text in a stream. */
    static final class Piece {
        final String stream;
        final int number;
        String text;
        Promise promise = Promise.OWED;
        boolean arrived;

        /** It must be in one document with the piece before. */
        boolean joined;

        /** It may come behind younger ones. */
        boolean unordered;

        Piece(String stream, int number, String filling) {
            this.stream = stream;
            this.number = number;
            this.text = "<" + stream + "#" + number + ">" + filling;
        }

        @Override
        public String toString() {
            return stream + "#" + number + " (" + promise + (arrived ? ", arrived)" : ")");
        }
    }

    private final Map<String, List<Piece>> streams = new TreeMap<>();

    /** What a server has, by id. */
    private final Map<String, String> documents = new HashMap<>();

    /** The same, counted, by {@link io.sluice.tail.LogSource#key}. */
    private final Map<String, Amount> amounts = new TreeMap<>();

    private final Map<String, Integer> lastArrived = new HashMap<>();
    private final List<String> wrong = new ArrayList<>();

    Piece piece(String stream, String filling) {
        List<Piece> pieces = streams.computeIfAbsent(stream, _ -> new ArrayList<>());
        Piece piece = new Piece(stream, pieces.size(), filling);
        pieces.add(piece);
        return piece;
    }

    /**
     * A bulk body was sent.
     *
     * @param sourceOf whose a document is, by its number
     * @return what is in it, by source
     */
    Map<String, Amount> deliver(String ndjson, IntFunction<String> sourceOf) {
        Map<String, Amount> sent = new TreeMap<>();
        List<String> lines = ndjson.lines().toList();
        for (int i = 0; i < lines.size(); i += 2) {
            String id = first(ID, lines.get(i)).orElseThrow();
            String message = first(MESSAGE, lines.get(i + 1)).orElse("");
            String source = sourceOf.apply(i / 2);
            Amount amount = new Amount(DocumentId.extent(id).orElseThrow(), 1);
            sent.merge(source, amount, Amount::plus);
            String before = documents.putIfAbsent(id, message);
            if (before == null) {
                amounts.merge(source, amount, Amount::plus);
                arrive(message);
            } else if (!before.equals(message)) {
                wrong.add("under one id came " + before + " and " + message);
            }
        }
        return sent;
    }

    /** What a server has of a source: each document once. */
    Amount delivered(String source) {
        return amounts.getOrDefault(source, Amount.NONE);
    }

    /** Sources that anything came of. */
    Set<String> sources() {
        return amounts.keySet();
    }

    private void arrive(String message) {
        Matcher token = TOKEN.matcher(message);
        StringBuilder expected = new StringBuilder();
        boolean first = true;
        while (token.find()) {
            String stream = token.group(1);
            int number = Integer.parseInt(token.group(2));
            Piece piece = streams.get(stream).get(number);
            if (piece.arrived) {
                wrong.add("doubled: " + piece + " in " + message);
            } else if (!piece.unordered && lastArrived.getOrDefault(stream, -1) > number) {
                wrong.add("out of order: " + piece + " behind " + lastArrived.get(stream));
            }
            if (first && piece.joined) {
                wrong.add("torn from the piece before: " + piece);
            }
            piece.arrived = true;
            lastArrived.merge(stream, number, Math::max);
            expected.append(piece.text);
            first = false;
        }
        boolean same =
                message.contentEquals(expected)
                        // The end of a line that the power cut took.
                        || (!first && expected.toString().startsWith(message));
        if (first || !same) {
            wrong.add("a document that nobody wrote: " + message + " instead of " + expected);
        }
    }

    private static Optional<String> first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /** A life of the agent has ended, and with it what only it could read. */
    void forgetWhatWasHeld() {
        streams.values().stream()
                .flatMap(List::stream)
                .filter(piece -> piece.promise == Promise.HELD)
                .forEach(piece -> piece.promise = Promise.NOT_PROMISED);
    }

    /** What has to come and has not. */
    List<Piece> missing() {
        return streams.values().stream()
                .flatMap(List::stream)
                .filter(piece -> !piece.arrived && piece.promise != Promise.NOT_PROMISED)
                .toList();
    }

    /** What has to come of one container and has not. */
    List<Piece> missing(String container) {
        return missing().stream()
                .filter(piece -> piece.stream.startsWith(container + "/"))
                .toList();
    }

    /** What came that must not. */
    List<String> wrong() {
        return wrong;
    }

    int documents() {
        return documents.size();
    }
}
