# The gateway in a container: an ordinary user, no shell needed, its state in /data (or in DATABASE_URL).
FROM node:24-slim

WORKDIR /app
ENV NODE_ENV=production

# Dependencies first: they change less often than the program.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force

COPY LICENSE README.md ./
COPY bin bin
COPY src src
COPY profiles profiles
COPY samples samples

# Proves that the embedded PostgreSQL runs in this image, and makes its library links while that is still allowed.
RUN node --input-type=module -e "import { findBinaries } from '/app/src/store/embedded/binaries.ts'; console.log(await findBinaries({}))" \
 && install -d -o node -g node -m 0700 /data

USER node
# Outside of the container nothing is reached on 127.0.0.1 in it. With this address the gateway asks for a site
# with tokens of its own: mount one and set SITE.
ENV HOST=0.0.0.0 DATA_DIR=/data
VOLUME /data
EXPOSE 8080 2575
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
