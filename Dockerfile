# The program alone: static, for a user without rights, in an image with nothing else.
#
#   docker build -t nginx-ws-lint .
#   docker run --rm -v "$PWD:/work:ro" nginx-ws-lint deploy/nginx
FROM rust:1-slim AS build
WORKDIR /source
COPY . .
RUN tools/package static && mv target/dist/nginx-ws-lint /nginx-ws-lint

FROM scratch
COPY --from=build /nginx-ws-lint /nginx-ws-lint
COPY LICENSE-MIT LICENSE-APACHE /
USER 65534:65534
WORKDIR /work
ENTRYPOINT ["/nginx-ws-lint"]
CMD ["."]
