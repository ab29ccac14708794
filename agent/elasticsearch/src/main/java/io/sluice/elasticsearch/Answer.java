package io.sluice.elasticsearch;

/** How a request ended. */
sealed interface Answer {

    /** The server answered, with whatever status. */
    @SuppressWarnings("ArrayRecordComponent") // read once by one reader, never compared
    record Answered(int status, byte[] body) implements Answer {}

    /** The server answered, with more than there is room for. */
    record TooLong(String reason) implements Answer {}

    /** Nothing of the request has reached a server. */
    record NotSent(String reason) implements Answer {}

    /** The request was sent, wholly or in part, and what became of it is unknown. */
    record Broken(String reason) implements Answer {}
}
