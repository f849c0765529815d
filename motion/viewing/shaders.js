// Programs of the graphics processor.

const BODY_VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in float shape;
uniform mat4 shapes[22];
uniform float touch[22];
uniform mat4 viewProjection, light;
out vec3 world, direction, lit;
out float touching;
void main() {
  mat4 at = shapes[int(shape)];
  vec4 p = at * vec4(position, 1.0);
  world = p.xyz;
  direction = mat3(at) * normal;
  vec4 q = light * p;
  lit = q.xyz * 0.5 + 0.5;
  touching = touch[int(shape)];
  gl_Position = viewProjection * p;
}`;

const LIGHTING = `
uniform highp sampler2DShadow shadowMap;
uniform vec3 sun, eye;
uniform float shadows;
float sunlight(vec3 at, float bias) {
  if (shadows < 0.5 || any(lessThan(at, vec3(0.0))) || any(greaterThan(at, vec3(1.0)))) return 1.0;
  float sum = 0.0, texel = 1.2 / float(textureSize(shadowMap, 0).x);
  for (int i = 0; i < 4; i++) {
    vec2 shift = vec2(i < 2 ? -0.7 : 0.7, i % 2 == 0 ? -0.7 : 0.7) * texel;
    sum += texture(shadowMap, vec3(at.xy + shift, at.z - bias));
  }
  return sum / 4.0;
}
vec3 encoded(vec3 linear) { return pow(clamp(linear, 0.0, 1.0), vec3(1.0 / 2.2)); }`;

const BODY_FRAGMENT = `#version 300 es
precision highp float;
in vec3 world, direction, lit;
in float touching;
uniform vec3 color, contactColor, sunkColor;
uniform float alpha, floorHeight, plain;
out vec4 pixel;
${LIGHTING}
void main() {
  vec3 n = normalize(direction), v = normalize(eye - world);
  bool sunk = world.y < floorHeight - 0.005;
  vec3 base = sunk ? sunkColor : mix(color, contactColor, touching);
  float sky = 0.5 + 0.5 * n.y;
  float sunny = max(dot(n, sun), 0.0) * (plain > 0.5 ? 1.0 : sunlight(lit, 0.004));
  float ground = 1.0 - 0.35 * smoothstep(0.35, 0.0, world.y - floorHeight) * (1.0 - sky);
  vec3 shaded = base * (mix(0.30, 0.62, sky) * ground + 0.62 * sunny);
  shaded += 0.10 * pow(max(dot(n, normalize(sun + v)), 0.0), 28.0) * sunny;
  shaded += base * 0.28 * pow(1.0 - max(dot(n, v), 0.0), 3.0);
  if (sunk) shaded = mix(shaded, base, 0.6);
  pixel = vec4(encoded(shaded), alpha);
}`;

const FLOOR_VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
uniform vec3 centre;
uniform mat4 viewProjection, light;
out vec3 world, lit;
void main() {
  world = position * 60.0 + centre;
  lit = (light * vec4(world, 1.0)).xyz * 0.5 + 0.5;
  gl_Position = viewProjection * vec4(world, 1.0);
}`;

const FLOOR_FRAGMENT = `#version 300 es
precision highp float;
in vec3 world, lit;
uniform vec3 centre, floorColor, skyColor, lineColor;
uniform float shade, reach;
out vec4 pixel;
${LIGHTING}
float grid(vec2 at, float width) {
  vec2 size = max(fwidth(at), vec2(1e-4));
  vec2 line = 1.0 - smoothstep(0.0, 1.0, (abs(fract(at - 0.5) - 0.5) / size - width * 0.5 + 0.5));
  line *= clamp(1.2 - 1.6 * size, 0.0, 1.0);
  return max(line.x, line.y);
}
void main() {
  float far = length(world.xz - centre.xz) / reach;
  float fade = 1.0 - smoothstep(0.25, 1.0, far);
  float lines = max(0.42 * grid(world.xz * 2.0, 1.0), grid(world.xz, 1.6));
  vec3 base = mix(floorColor, lineColor, lines * fade);
  base *= 1.0 - shade * (1.0 - sunlight(lit, 0.001));
  pixel = vec4(encoded(mix(skyColor, base, fade)), 1.0);
}`;

const DEPTH_FRAGMENT = `#version 300 es
precision highp float;
void main() {}`;

const TRAIL_VERTEX = `#version 300 es
layout(location = 0) in vec2 position;
uniform mat4 viewProjection;
uniform float height;
void main() { gl_Position = viewProjection * vec4(position.x, height, position.y, 1.0); }`;

const TRAIL_FRAGMENT = `#version 300 es
precision highp float;
uniform vec4 color;
out vec4 pixel;
void main() { pixel = color; }`;
