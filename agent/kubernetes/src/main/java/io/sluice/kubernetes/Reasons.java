package io.sluice.kubernetes;

import tools.jackson.core.JacksonException;

import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Turns exceptions into words a person can act on: many carry no message, or only a path. */
final class Reasons {

    private Reasons() {}

    static String of(Throwable failure) {
        Throwable innermost = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            switch (cause) {
                case NoSuchFileException _ -> {
                    return "no such file";
                }
                case AccessDeniedException _ -> {
                    return "permission denied";
                }
                case UnresolvedAddressException _ -> {
                    return "the host name is unknown";
                }
                case JacksonException json when json.getCause() == null -> {
                    return json.getOriginalMessage();
                }
                default -> innermost = cause;
            }
        }
        String message = innermost.getMessage();
        String name = innermost.getClass().getSimpleName();
        return message == null ? name : name + ": " + message;
    }
}
