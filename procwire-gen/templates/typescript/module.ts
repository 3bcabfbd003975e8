import * as pw from "procwire-worker/generated";

pw.requireGeneration(1);
{%- for ty in types %}
{% match ty %}
{%- when TypeView::Alias with { docs, name, of } %}
{{ docs }}export type {{ name }} = {{ of }};
{%- when TypeView::Brand with { docs, name, base, of } %}
{{ docs }}export type {{ name }} = pw.Brand<{{ base }}, "{{ of }}">;
/** The `{{ name }}` of a plain value, which is checked when it is sent. */
export function {{ name }}(value: {{ base }}): {{ name }} {
  return pw.brand<{{ name }}>(value);
}
{%- when TypeView::Interface with { docs, name, fields } %}
{{ docs }}export interface {{ name }} {
{%- for field in fields %}
{{ field.docs }}  readonly {{ field.name }}{% if field.optional %}?{% endif %}: {{ field.ty }};
{%- endfor %}
}
{%- when TypeView::Union with { docs, name, variants, open } %}
{{ docs }}export type {{ name }} =
{%- for variant in variants %}
{{ variant.docs }}  | {
      readonly type: {{ variant.tag }};
{%- for field in variant.fields %}
{{ field.docs }}      readonly {{ field.name }}{% if field.optional %}?{% endif %}: {{ field.ty }};
{%- endfor %}
    }
{%- endfor %}
{%- if *open %}
  | pw.Unknown
{%- endif %};
{%- when TypeView::Error with { docs, name, family, tag, fields } %}
{{ docs }}export class {{ name }} extends pw.DeclaredError<{% if fields.is_empty() %}object{% else %}{
{%- for field in fields %}
{{ field.docs }}  readonly {{ field.name }}{% if field.optional %}?{% endif %}: {{ field.ty }};
{%- endfor %}
}{% endif %}> {
  override readonly name: string = "{{ name }}";
  readonly union: string = {{ family }};
  readonly tag: string = {{ tag }};
{%- if fields.is_empty() %}

  constructor(message?: string, options?: pw.ErrorOptions) {
    super({}, message, options);
  }
{%- endif %}
}
{%- endmatch %}
{%- endfor %}
{%- if let Some(module) = module %}

/** What a worker of this module implements: one handler for each method, `async` or not. */
export interface {{ module.handlers }} {
{%- for method in module.methods %}
{{ method.docs }}  {{ method.signature }}({{ method.parameter }}: {{ method.args_type }}, context: pw.Context): {{ method.answer_type }};
{%- endfor %}
}
{%- if !module.events.is_empty() %}

/** Sends events to the parent, from anywhere and at any time. Await them in a loop, so as not to run ahead. */
export interface {{ module.events_type }} {
{%- for event in module.events %}
{{ event.docs }}  {{ event.signature }}({% if let Some(payload) = event.payload %}payload: {{ payload }}{% endif %}): Promise<void>;
{%- endfor %}
}
{%- endif %}

{{ module.docs }}export function {{ module.serve }}(
  make: ({% if !module.events.is_empty() %}events: {{ module.events_type }}{% endif %}) => pw.Awaitable<{{ module.handlers }}>,
  options?: pw.ServeOptions,
): Promise<void> {
{%- if module.events.is_empty() %}
  return pw.serve(contract, () => make(), options);
{%- else %}
  return pw.serve(
    contract,
    (sink) =>
      make({
{%- for event in module.events %}
        {{ event.function }}: ({% if event.payload.is_some() %}payload{% endif %}) => sink.emit({{ event.index }}, {% if event.payload.is_some() %}payload{% else %}null{% endif %}),
{%- endfor %}
      }),
    options,
  );
{%- endif %}
}
{%- endif %}
{%- if !codecs.is_empty() || module.is_some() %}

// From here on: how values travel, and the contract.
{%- endif %}
{%- for helper in helpers %}
{% match helper %}
{%- when Helper::Constant with { name, value } %}
const {{ name }} = {{ value }};
{%- when Helper::Step with { name, ty, body } %}
function {{ name }}(value: unknown, at: pw.At): {{ ty }} {
  return {{ body }};
}
{%- when Helper::Tuple with { name, ty, parts } %}
function {{ name }}(value: unknown, at: pw.At): {{ ty }} {
  const parts = pw.tuple(value, at, {{ parts.len() }});
  return [{{ parts.join(", ") }}];
}
{%- endmatch %}
{%- endfor %}
{%- for codec in codecs %}
{% match codec %}
{%- when CodecView::Value with { name, ty, body } %}
function {{ name }}(value: unknown, at: pw.At): {{ ty }} {
  return {{ body }};
}
{%- when CodecView::Choice with { name, ty, set } %}
function {{ name }}(value: unknown, at: pw.At): {{ ty }} {
  return pw.oneOf(value, at, {{ set }});
}
{%- when CodecView::ReadStruct with { name, ty, members } %}
function {{ name }}(value: unknown, at: pw.At): {{ ty }} {
{%- if members.is_empty() %}
  pw.object(value, at);
  return {};
{%- else %}
  const o = pw.object(value, at);
  return {
{%- for (name, value) in members %}
    {{ name }}: {{ value }},
{%- endfor %}
  };
{%- endif %}
}
{%- when CodecView::WriteStruct with { name, body } %}
function {{ name }}(value: unknown, at: pw.At): pw.Wire {
{%- if body.is_empty() %}
  pw.object(value, at);
  return {};
{%- else %}
  const o = pw.object(value, at);
{%- if body.sometimes.is_empty() %}
  return {
{%- for (key, value) in body.always %}
    {{ key }}: {{ value }},
{%- endfor %}
  };
{%- else %}
  const wire: pw.Wire = {
{%- for (key, value) in body.always %}
    {{ key }}: {{ value }},
{%- endfor %}
{%- if !body.always.is_empty() %}
  {% endif %}};
{%- for (given, key, value) in body.sometimes %}
  if ({{ given }}) wire[{{ key }}] = {{ value }};
{%- endfor %}
  return wire;
{%- endif %}
{%- endif %}
}
{%- when CodecView::ReadUnion with { name, ty, arms, known, open } %}
function {{ name }}(value: unknown, at: pw.At): {{ ty }} {
  const o = pw.object(value, at);
  const tag = pw.tag(o, at);
  switch (tag) {
{%- for arm in arms %}
    case {{ arm.tag }}:
      return {
        type: {{ arm.tag }},
{%- for (name, value) in arm.body %}
        {{ name }}: {{ value }},
{%- endfor %}
      };
{%- endfor %}
    default:
{%- if *open %}
      return pw.unknown(o, tag);
{%- else %}
      throw pw.unknownVariant(tag, at, [{{ known }}]);
{%- endif %}
  }
}
{%- when CodecView::WriteUnion with { name, arms, known, open } %}
function {{ name }}(value: unknown, at: pw.At): unknown {
  const o = pw.object(value, at);
  const tag = pw.tag(o, at);
  switch (tag) {
{%- for arm in arms %}
    case {{ arm.tag }}: {
      const wire: pw.Wire = {
        type: {{ arm.tag }},
{%- for (key, value) in arm.body.always %}
        {{ key }}: {{ value }},
{%- endfor %}
      };
{%- for (given, key, value) in arm.body.sometimes %}
      if ({{ given }}) wire[{{ key }}] = {{ value }};
{%- endfor %}
      return wire;
    }
{%- endfor %}
{%- if *open %}
    case "...":
      return pw.writeUnknown(o, at);
{%- endif %}
    default:
      throw pw.unknownVariant(tag, at, [{{ known }}]);
  }
}
{%- endmatch %}
{%- endfor %}
{%- if let Some(module) = module %}

const contract: pw.Contract = {
  name: {{ module.name }},
  version: {{ module.version }},
  fingerprint: {{ module.fingerprint }},
  methods: [
{%- for method in module.methods %}
    {
      name: {{ method.name }},
      handler: "{{ method.handler }}",
      kind: "{{ method.kind }}",
      fingerprint: {{ method.fingerprint }},
      args: {{ method.read }},
      answer: {{ method.write }},
{%- if method.idempotent %}
      idempotent: true,
{%- endif %}
{%- if let Some((family, write)) = method.throws %}
      throws: { union: {{ family }}, write: {{ write }} },
{%- endif %}
    },
{%- endfor %}
  ],
  events: [
{%- for event in module.events %}
    { name: {{ event.name }}, payload: {{ event.write }} },
{%- endfor %}
  ],
};
{%- endif %}
