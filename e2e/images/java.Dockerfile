# OpenJDK of Debian, for machines that reach no registry
FROM debian:trixie-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends openjdk-25-jdk-headless \
    && rm -rf /var/lib/apt/lists/*
